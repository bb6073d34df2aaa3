import { readFileSync } from 'node:fs'
import {
  ConfigurationError,
  createSession,
  type Explained,
  isSessionError,
  memoryStore,
  RefreshRejectedError,
  type SessionError,
  type SessionNotice,
  SignInError,
  StoreError,
} from '@authchart/core'
import { explainRecording, recordSession } from '@authchart/core/inspect'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { startTokenEndpoint, type TokenEndpoint } from '@authchart/core/testing'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { signInCodes, storeCodes } from './explained-codes.ts'

const page = readFileSync(new URL('../../docs/reasons-and-codes.md', import.meta.url), 'utf8')
const anchors = [...page.matchAll(/<a id="(\w+)">/g)].map(([, id]) => `${manifest.homepage}reasons-and-codes#${id}`)

test('D3 every error has the address of its line in the docs', () => {
  const errors = [
    ...Object.keys(signInCodes).map((code) => new SignInError(code as keyof typeof signInCodes, '')),
    ...Object.keys(storeCodes).map((code) => new StoreError(code as keyof typeof storeCodes, '')),
    new StoreError('storeLocked', ''),
    new ConfigurationError('key', 'is needed'),
    new RefreshRejectedError(),
  ]
  for (const { help } of errors) expect(anchors).toContain(help)
})

test.each([
  {
    code: 'server',
    notice: 'refreshFailed',
    fault: (endpoint: TokenEndpoint) => endpoint.failNext({ kind: 'answer', status: 503, retryAfter: 60 }),
  },
  { code: 'grantRejected', notice: 'ended', fault: (endpoint: TokenEndpoint) => endpoint.revoke() },
] as const)(
  'D3 error, notice and explanation say where $code is explained; logs stay short',
  async ({ code, notice, fault }) => {
    await using endpoint = await startTokenEndpoint()
    const grant = refreshTokenGrant({ issuer: endpoint.issuer, clientId: 'test' })
    await using session = createSession({ key: 'test', store: memoryStore(), grant })
    const told: (SessionNotice & Explained)[] = []
    session.on('*', (each) => told.push(each))
    const recorder = recordSession(session)
    expect((await errorOf(session.getAccessToken())).help).toBe(addressOf('notSignedIn'))

    await session.signIn(endpoint.signIn())
    fault(endpoint)
    expect((await errorOf(session.refresh())).help).toBe(addressOf(code))
    expect(told.map(({ type, help }) => [type, help])).toEqual([
      ['signedIn', addressOf('signedIn')],
      [notice, addressOf(code)],
    ])
    expect(JSON.stringify(told)).not.toContain('https:')
    const { help, text } = explainRecording(recorder.getRecording())
    expect(help).toBe(addressOf(code))
    expect(text).toContain(help)
  },
)

function addressOf(name: string): string {
  const address = `${manifest.homepage}reasons-and-codes#${name}`
  expect(anchors).toContain(address)
  return address
}

async function errorOf(promise: Promise<unknown>): Promise<SessionError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!isSessionError(error)) throw new Error('It did not fail as a session does', { cause: error })
  return error
}
