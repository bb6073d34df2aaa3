import { writeSync } from 'node:fs'
import { createSession, memoryStore } from '@authchart/core'
import { inspectSession, sessionInspectorOptions } from '@authchart/core/inspect'
import { createWebSocketInspector } from '@statelyai/inspect'

/** A program that would show its session to a viewer, as the README says, and finds none. */
export interface InspectWithoutViewerInput {
  /** Where no viewer listens. */
  readonly url: string
}

const { url } = JSON.parse(process.argv[2] ?? '{}') as InspectWithoutViewerInput
const session = createSession({
  key: 'acme:alice',
  store: memoryStore(),
  grant: () => Promise.reject(new Error()),
})
const viewer = new WebSocket(url)
viewer.onopen = () => {
  viewer.close()
  inspectSession(session, createWebSocketInspector({ ...sessionInspectorOptions, url }))
}
await new Promise((resolve) => {
  viewer.onerror = resolve
})
await session.ready
await session[Symbol.asyncDispose]()
writeSync(1, 'disposed\n')
