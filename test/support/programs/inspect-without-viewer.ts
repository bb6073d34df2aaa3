import { writeSync } from 'node:fs'
import { createSession, memoryStore } from '@authchart/core'
import { inspectSession } from '@authchart/core/inspect'
import { createWebSocketInspector } from '@statelyai/inspect'

/** A program that shows its session to a viewer that is not there, and ends with its session. */
export interface InspectWithoutViewerInput {
  /** Where nobody listens. */
  readonly url: string
}

const { url } = JSON.parse(process.argv[2] ?? '{}') as InspectWithoutViewerInput
const session = createSession({
  key: 'acme:alice',
  store: memoryStore(),
  grant: () => Promise.reject(new Error()),
})
inspectSession(session, createWebSocketInspector({ url }))
await session.ready
// Its first attempt has failed by then, and the next is waited for.
await new Promise((resolve) => setTimeout(resolve, 200))
await session[Symbol.asyncDispose]()
writeSync(1, 'disposed\n')
