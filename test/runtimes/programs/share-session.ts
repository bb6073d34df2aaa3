/** Asks again and again for the token of a session in a folder, until it is told to end; prints what it got. */
import process from 'node:process'
import { createInterface } from 'node:readline'
import { createSession, isSessionError } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { fileStore } from '@authchart/node-store/file'
import type { World } from './session-life.ts'

export interface ShareSessionInput {
  readonly world: World
  readonly directory: string
}

const { world, directory } = JSON.parse(process.argv[2] ?? '{}') as ShareSessionInput
const session = createSession({
  key: 'acme:alice',
  store: fileStore({ directory, key: new Uint8Array(32).fill(7) }),
  grant: refreshTokenGrant({ issuer: world.issuer, clientId: world.clientId }),
})
let isDone = false
createInterface({ input: process.stdin }).once('line', () => {
  isDone = true
})
let last = 0
while (!isDone) {
  try {
    const { generation } = await session.getAccessToken()
    if (generation !== last) console.log(`token ${generation}`)
    last = generation
  } catch (error) {
    console.log(isSessionError(error) ? `failed ${error.code}` : `failed ${String(error)}`)
  }
  await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 80))
}
await session.close()
console.log('done')
process.exit(0)
