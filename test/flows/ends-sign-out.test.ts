import { isNotSignedInError, isSignInError, isStoreError } from '@authchart/core'
import { createSimulatedClock } from '@authchart/core/testing'
import { type AuthorizationServer, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createIdToken } from '../support/id-tokens.ts'
import { collectNotices, typesOf } from '../support/notices.ts'
import { passTimeWhile } from '../support/pass-time.ts'
import { openSession, openSignedInSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
beforeEach(() => server.resetCounts())
afterEach(async () => {
  server.faults.clear()
  await server.comeBack()
})
afterAll(() => server.close())

describe('P46 signing in as another subject', () => {
  test('P46 is refused and changes nothing, unless asked for', async () => {
    const store = createTroubledStore()
    await using session = await openSignedInSession(server, { store })
    const { value } = await session.getAccessToken()
    const record = JSON.stringify(await store.peek(sessionKey))
    const notices = collectNotices(session)
    const bobs = tokenSetOf(await server.signIn({ subject: 'bob' }))
    await expect(session.signIn(bobs)).rejects.toSatisfy(
      (error) => isSignInError(error) && error.code === 'subjectMismatch',
    )
    expect(JSON.stringify(await store.peek(sessionKey))).toBe(record)
    expect((await session.getAccessToken()).value).toBe(value)
    expect(notices).toEqual([])
    expect(server.counts.revocationRequests).toBe(0)

    await session.signIn(bobs, { replaceSubject: true })
    expect((await session.getAccessToken()).value).toBe(bobs.accessToken)
    expect((await store.peek(sessionKey))?.identity.subject).toBe('bob')
    await server.until((counts) => counts.revocationRequests === 2, { description: 'alice’s tokens to be revoked' })
    expect(await server.findAccessToken(value)).toBeUndefined()
    await session.refresh()
  })

  test.each([
    ['an id token of another issuer', (iss: string) => ({ idToken: createIdToken({ iss, sub: 'alice' }) }), {}],
    ['another subject by option', () => ({}), { subject: 'bob' }],
  ])('P46 is noticed by %s', async (_name, changes, options) => {
    await using session = await openSignedInSession(server, {
      // Without an issuer of its own, so that the id token's counts.
      grant: () => Promise.reject(new Error('not needed')),
    })
    const tokens = { accessToken: 'of-somebody-else', ...changes('https://elsewhere.example') }
    await expect(session.signIn(tokens, options)).rejects.toSatisfy(
      (error) => isSignInError(error) && error.code === 'subjectMismatch',
    )
  })

  test('P46 holds for a session that has ended, and not for one that was signed out', async () => {
    await using session = await openSignedInSession(server)
    server.revokeGrant('alice')
    await session.refresh().catch(() => {})
    expect(session.getSnapshot().status).toBe('invalidated')
    const bobs = tokenSetOf(await server.signIn({ subject: 'bob' }))
    await expect(session.signIn(bobs)).rejects.toSatisfy(isSignInError)
    await session.signOut()
    await session.signIn(bobs)
    expect((await session.getAccessToken()).value).toBe(bobs.accessToken)
  })

  test('P46 signing in as the same subject replaces the session, and leaves what it replaces to expire', async () => {
    await using session = await openSignedInSession(server)
    const { value } = await session.getAccessToken()
    const again = tokenSetOf(await server.signIn())
    await session.signIn(again)
    expect((await session.getAccessToken()).value).toBe(again.accessToken)
    await session.refresh()
    expect(server.counts.revocationRequests).toBe(0)
    expect(await server.findAccessToken(value)).toBeDefined()
  })
})

describe('P53 sign-out', () => {
  async function openWatched() {
    const store = createTroubledStore()
    const clock = createSimulatedClock()
    const session = await openSignedInSession(server, { store, runtime: { clock } })
    const { value } = await session.getAccessToken()
    const secrets = Object.values((await store.peek(sessionKey))?.secrets?.tokenSet ?? {}).filter(isSecret)
    expect(secrets).toHaveLength(3)
    return { clock, store, session, value, secrets, notices: collectNotices(session) }
  }
  const isSecret = (part: unknown) => typeof part === 'string' && part.length > 30

  test('P53 erases access, refresh and id token in memory and store, and revokes them', async () => {
    const { store, session, value, secrets, notices } = await openWatched()
    await using _session = session
    await session.signOut()
    await expect(session.getAccessToken()).rejects.toSatisfy(isNotSignedInError)
    const record = await store.peek(sessionKey)
    expect(record).toMatchObject({ status: 'signedOut' })
    expect(record?.secrets).toBeUndefined()
    for (const secret of secrets) expect(JSON.stringify(record)).not.toContain(secret)
    expect(session.getSnapshot()).toMatchObject({ status: 'signedOut', usable: false })
    expect(server.counts.revocationRequests).toBe(2)
    expect(await server.findAccessToken(value)).toBeUndefined()
    expect(typesOf(notices)).toEqual(['signedOut'])
    await session.signOut()
    expect(typesOf(notices)).toEqual(['signedOut'])
    expect(server.counts.revocationRequests).toBe(2)
  })

  test('P53 works offline: revocation was tried, and its failure is a notice', async () => {
    const { store, session, notices } = await openWatched()
    await using _session = session
    await server.goDown()
    await session.signOut()
    await expect(session.getAccessToken()).rejects.toSatisfy(isNotSignedInError)
    expect(await store.peek(sessionKey)).not.toHaveProperty('secrets')
    expect(typesOf(notices)).toEqual(['signedOut', 'revocationFailed'])
  })

  test('P53 forgets the tokens here at once, before the store has answered', async () => {
    const { clock, store, session } = await openWatched()
    await using _session = session
    store.trouble('read', 'hangs')
    const signOut = session.signOut()
    await expect(session.getAccessToken()).rejects.toSatisfy(isNotSignedInError)
    expect(session.getSnapshot()).toMatchObject({ status: 'signingOut', usable: false })
    await expect(passTimeWhile(clock, signOut, { stepMilliseconds: 200 })).rejects.toSatisfy(isStoreError)
    store.heal()
    await session.signOut()
    expect((await store.peek(sessionKey))?.status).toBe('signedOut')
  })

  test('P53 while the store is down: signed out here, told so, and to be tried again', async () => {
    const { store, session, notices } = await openWatched()
    await using _session = session
    store.trouble('compareAndSet', 'fails')
    await expect(session.signOut()).rejects.toSatisfy(isStoreError)
    await expect(session.getAccessToken()).rejects.toSatisfy(isNotSignedInError)
    expect((await store.peek(sessionKey))?.status).toBe('signedIn')
    store.heal()
    await session.signOut()
    expect((await store.peek(sessionKey))?.status).toBe('signedOut')
    expect(server.counts.revocationRequests).toBe(2)
    expect(typesOf(notices)).toEqual(['signedOut'])
  })

  test('P53 a tombstone that was written though the write seemed to fail is no failure', async () => {
    const { store, session } = await openWatched()
    await using _session = session
    store.trouble('compareAndSet', 'failsAfterwards', { times: 1 })
    await session.signOut()
    expect((await store.peek(sessionKey))?.status).toBe('signedOut')
    expect(server.counts.revocationRequests).toBe(2)
  })

  test('P53 every session on the store follows', async () => {
    const { store, session } = await openWatched()
    await using _session = session
    await using neighbour = openSession(server, { store })
    await neighbour.ready
    await session.signOut()
    await expect(neighbour.getAccessToken()).rejects.toSatisfy(isNotSignedInError)
  })
})
