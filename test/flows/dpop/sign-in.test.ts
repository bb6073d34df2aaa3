import { isSignInError, memoryStore, type SessionStore, StoreError } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { dpop, refreshTokenGrant } from '@authchart/core/oauth'
import { parseSessionRecord } from '@authchart/core/store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSession } from '../../support/signed-in-session.ts'
import { readRecord } from '../../support/stored-session.ts'
import { type Fixture, startFixture } from './fixture.ts'

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

const bound = { accessToken: 'access-token-0123', refreshToken: 'refresh-token-0123', tokenType: 'DPoP' }

const grantOf = (options?: Parameters<typeof dpop>[0]) =>
  refreshTokenGrant({
    issuer: fixture.server.issuer,
    clientId: fixture.server.boundClient.id,
    dpop: dpop(options),
  })

describe('P64 a sign-in is refused, and nothing stored,', () => {
  test.each([
    ['of bound tokens without their key', async () => bound, '`proofKey` is missing'],
    [
      'with a key that is none',
      async () => ({ ...bound, proofKey: { kty: 'EC', d: 'canary-of-a-key' } }),
      '`proofKey` must be a key',
    ],
    [
      'with a public key',
      async () => ({ ...bound, proofKey: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' } }),
      '`proofKey` must be a key',
    ],
  ])('%s', async (_name, tokens, message) => {
    const store = memoryStore()
    await using session = openSession(fixture.server, { store, grant: grantOf() })
    const error: unknown = await session.signIn((await tokens()) as never).catch((thrown: unknown) => thrown)
    expect(isSignInError(error) && error.code).toBe('unusableTokens')
    expect(String(error)).toContain(message)
    expect(String(error)).not.toContain('canary')
    expect(await store.list()).toEqual([])
  })

  test('of bound tokens into a session whose grant has no dpop()', async () => {
    await using session = openSession(fixture.server)
    const proofKey = await dpop().createKey()
    await expect(session.signIn({ ...bound, proofKey })).rejects.toThrow('`dpop: dpop()`')
  })

  test('with a key that cannot be exported, into a store that cannot keep it, in the store’s own words', async () => {
    const memory = memoryStore()
    const refusal = new StoreError('storeUnavailable', 'This store keeps no CryptoKey.')
    const store: SessionStore = {
      ...memory,
      async compareAndSet(key, revision, next) {
        if (next.secrets?.proofKey !== undefined && !('kty' in next.secrets.proofKey)) throw refusal
        return memory.compareAndSet(key, revision, next)
      },
    }
    await using session = openSession(fixture.server, { store, grant: grantOf() })
    const proofKey = await dpop({ extractable: false }).createKey()
    await expect(session.signIn({ ...bound, proofKey })).rejects.toBe(refusal)
    expect(await store.list()).toEqual([])
    await session.signIn({ ...bound, proofKey: await dpop({ extractable: true }).createKey() })
    expect(await store.list()).toHaveLength(1)
  })
})

test('P63 a key that cannot be exported serves two sessions on a store that keeps it', async () => {
  const { server, api } = fixture
  const store = memoryStore()
  // Bearer tokens, which the first refresh binds to a key of the grant's own.
  await using session = openSession(server, { store, grant: publicGrant(), allowedOrigins: [api.origin] })
  const { access_token, refresh_token = '' } = await server.signIn()
  await session.signIn({ accessToken: access_token, refreshToken: refresh_token })
  await session.refresh()
  const { proofKey } = (await readRecord(store)).secrets ?? {}
  expect((proofKey as CryptoKeyPair).privateKey).toMatchObject({ extractable: false })
  await using other = openSession(server, { store, grant: publicGrant(), allowedOrigins: [api.origin] })
  await other.refresh()
  for (const each of [session, other]) expect((await createFetch(each)(api.origin)).status).toBe(200)
})

test('P64 what JSON has left of a key is no record', async () => {
  const store = memoryStore()
  await using session = openSession(fixture.server, { store, grant: grantOf() })
  await session.signIn({ ...bound, proofKey: await dpop({ extractable: false }).createKey() })
  const record = await readRecord(store)
  expect(parseSessionRecord(record).kind).toBe('record')
  expect(parseSessionRecord(JSON.parse(JSON.stringify(record))).kind).toBe('malformed')
})

function publicGrant() {
  const { server } = fixture
  return refreshTokenGrant({
    issuer: server.issuer,
    clientId: server.publicClient.id,
    dpop: dpop({ extractable: false }),
  })
}
