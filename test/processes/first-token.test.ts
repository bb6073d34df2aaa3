import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer, withRetryAfter } from '../authorization-server/index.ts'
import { startProgram } from '../support/program.ts'
import type { ShareSessionInput } from '../support/programs/share-session.ts'
import { sessionKey } from '../support/signed-in-session.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'

let server: AuthorizationServer
let folder: TemporaryFolder

beforeEach(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  folder = createTemporaryFolder()
})

afterEach(async () => {
  await server.close()
  await folder[Symbol.asyncDispose]()
})

/** What 24 processes say that ask for the first token at once. */
async function askTogether(): Promise<string[]> {
  const { id: clientId, secret: clientSecret } = server.secretPostClient
  const key = randomBytes(32).toString('base64')
  const store = { kind: 'file', directory: join(folder.path, 'sessions'), key } as const
  const patience = { maximumWaitMilliseconds: 60_000 }
  const input: ShareSessionInput = {
    issuer: server.issuer,
    clientId,
    clientSecret,
    key: sessionKey,
    store,
    ...patience,
  }
  const programs = Array.from({ length: 24 }, () => startProgram('share-session', input))
  await Promise.all(programs.map((program) => program.printed('ready')))
  for (const program of programs) program.tell('token')
  for (const program of programs) program.tell('leave')
  await Promise.all(programs.map((program) => program.exited({ withinMilliseconds: 90_000 })))
  return programs.map((program) => program.lines.at(-1) ?? '')
}

function requests(): number {
  return server.requests.filter(({ grantType }) => grantType === 'client_credentials').length
}

it('P98 24 processes on an empty store make one token request, and all have its token', async () => {
  const answers = new Set(await askTogether())
  expect(answers.size).toBe(1)
  expect([...answers][0]).toMatch(/^generation /)
  expect(requests()).toBe(1)
})

it('P98 a 429 before the first token binds all of them', async () => {
  const throttled = withRetryAfter({ status: 429 }, 600)
  server.faults.answerWith(throttled, { grantType: 'client_credentials', times: 24 })
  expect(new Set(await askTogether())).toEqual(new Set(['failed throttled']))
  expect(requests()).toBe(1)
})
