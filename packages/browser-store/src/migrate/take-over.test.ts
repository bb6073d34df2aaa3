import { createSession, type Grant, memoryStore, type SessionStore } from '@authchart/core'
import { expect, it } from 'vitest'
import { takeOverOidcClient } from './oidc-client.ts'

const place = { authority: 'https://login.acme.example', clientId: 'acme-web' }
const name = 'oidc.user:https://login.acme.example:acme-web'

/** A `Storage` of a page, as far as it is used here. */
function createStorage(value: unknown): Storage {
  const entries = new Map([[name, typeof value === 'string' ? value : JSON.stringify(value)]])
  return {
    getItem: (key: string) => entries.get(key) ?? null,
    removeItem: (key: string) => void entries.delete(key),
  } as Storage
}

function openSession(store: SessionStore = memoryStore()) {
  const grant: Grant = {
    identity: { issuer: place.authority },
    needsRefreshToken: true,
    refresh: async () => ({ kind: 'failed', failure: { kind: 'offline' } }),
  }
  return createSession({ key: 'acme', store, grant })
}

const user = { access_token: 'access', refresh_token: 'refresh', token_type: 'Bearer', expires_at: 4_000_000_000 }

it.each([
  ['nothing', null],
  ['what is not JSON', '{'],
  ['a text', '"user"'],
  ['a user without an access token', { profile: {} }],
  ['tokens that are bound to a key', { ...user, token_type: 'DPoP' }],
])('does not take over %s', async (_, value) => {
  await using session = openSession()
  const storage = createStorage(value)
  expect(await takeOverOidcClient(session, { ...place, storage })).toBe(false)
  expect(storage.getItem(name)).not.toBeNull()
})

it('takes over nothing where storage is refused', async () => {
  await using session = openSession()
  const storage = {
    getItem() {
      throw new DOMException('Refused', 'SecurityError')
    },
  } as unknown as Storage
  expect(await takeOverOidcClient(session, { ...place, storage })).toBe(false)
})

it('K4 signs in once where two begin together, with the times of the tokens', async () => {
  const store = memoryStore()
  await using one = openSession(store)
  await using other = openSession(store)
  const storage = createStorage(user)
  const results = await Promise.all([one, other].map((session) => takeOverOidcClient(session, { ...place, storage })))
  expect(results).toEqual([true, false])
  expect(storage.getItem(name)).toBeNull()
  const tokens = await Promise.all([one.getAccessToken(), other.getAccessToken()])
  expect(tokens.map(({ value, expiresAt }) => ({ value, expiresAt }))).toEqual([
    { value: 'access', expiresAt: 4_000_000_000_000 },
    { value: 'access', expiresAt: 4_000_000_000_000 },
  ])
})

it('K4 signs in once where a tab hears late of another, and sees its storage late', async () => {
  const store = memoryStore()
  await using one = openSession(store)
  await using other = openSession({ ...store, watch: () => () => {} })
  await other.ready
  const late = createStorage(user)
  expect(await takeOverOidcClient(one, { ...place, storage: createStorage(user) })).toBe(true)
  expect(await takeOverOidcClient(other, { ...place, storage: late })).toBe(false)
  expect(late.getItem(name)).toBeNull()
})

it('K4 leaves a session alone that is signed in, and removes what was stored all the same', async () => {
  await using session = openSession()
  await session.signIn({ accessToken: 'newer', refreshToken: 'newer' })
  const storage = createStorage(user)
  expect(await takeOverOidcClient(session, { ...place, storage })).toBe(false)
  expect((await session.getAccessToken()).value).toBe('newer')
  expect(storage.getItem(name)).toBeNull()
})

it('leaves what was stored where the session refuses it', async () => {
  await using session = openSession()
  const payload = btoa(JSON.stringify({ iss: 'https://another.example', sub: 'alice' })).replaceAll('=', '')
  const storage = createStorage({ ...user, id_token: `eyJhbGciOiJub25lIn0.${payload}.` })
  await expect(takeOverOidcClient(session, { ...place, storage })).rejects.toMatchObject({ code: 'idTokenRejected' })
  expect(storage.getItem(name)).not.toBeNull()
})
