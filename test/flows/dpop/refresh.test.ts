import { isRefreshUnavailableError, memoryStore, type SessionStore } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { dpop, refreshTokenGrant } from '@authchart/core/oauth'
import { oauthError, startApi, startAuthorizationServer } from '@authchart/test/authorization-server'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { expect, test } from 'vitest'
import { openSession, tokenSetOf } from '../../support/signed-in-session.ts'
import { readRecord } from '../../support/stored-session.ts'
import { startFixture } from './fixture.ts'

test('P63 a refresh proves that it has the key, and its tokens are bound to the same', async () => {
  await using fixture = await startFixture()
  const { api, server, session } = fixture
  const before = await server.findAccessToken((await session.getAccessToken()).value)
  const token = await session.refresh()
  expect(token.type).toBe('DPoP')
  expect((await server.findAccessToken(token.value))?.thumbprint).toBe(before?.thumbprint)
  expect((await createFetch(session)(api.origin)).status).toBe(200)
  expect(server.counts).toMatchObject({ refreshes: 1, reuseDetected: 0 })
})

test('P60 P61 a demand for a nonce costs one more token request, and the next refresh has it', async () => {
  await using fixture = await startFixture()
  const { server, session, notices } = fixture
  server.dpop.requiresNonce = true
  await session.refresh()
  expect(server.requests.map(({ error, status }) => [error, status])).toEqual([
    ['use_dpop_nonce', 400],
    [undefined, 200],
  ])
  await session.refresh()
  expect(server.counts).toMatchObject({ refreshes: 3, refreshesIssued: 2, reuseDetected: 0, replays: 0 })
  expect(notices.filter(({ type }) => type === 'refreshFailed')).toEqual([])
})

test('P60 a server that never has enough of nonces is in trouble, which passes', async () => {
  await using fixture = await startFixture()
  const { server, session } = fixture
  const demand = oauthError('use_dpop_nonce', { headers: { 'dpop-nonce': 'another' } })
  server.faults.answerWith(demand, { times: Number.POSITIVE_INFINITY })
  await expect(session.refresh()).rejects.toSatisfy(
    (error) => isRefreshUnavailableError(error) && error.code === 'server',
  )
  expect(server.counts.refreshes).toBe(2)
})

test('P63 a lost answer is asked for again with the same key', async () => {
  await using fixture = await startFixture({ runtime: { random: () => 0 } })
  const { api, server, session } = fixture
  server.faults.setGrace(60_000, { answer: 'newPair' })
  server.faults.dropAnswerAfterCommit()
  await session.refresh()
  expect(server.counts).toMatchObject({ refreshes: 2, replays: 1 })
  expect((await createFetch(session)(api.origin)).status).toBe(200)
})

test('P63 two holders of one store share the key, and one refreshes for both', async () => {
  await using fixture = await startFixture()
  const { api, server, session } = fixture
  const other = fixture.open()
  await other.ready
  await Promise.all([session.refresh(), other.refresh()])
  expect(server.counts.refreshes).toBe(1)
  for (const each of [session, other]) expect((await createFetch(each)(api.origin)).status).toBe(200)
  expect(api.requests.map(({ token, proof }) => [token, proof])).toEqual([
    [1, 'valid'],
    [1, 'valid'],
  ])
})

test('P63 a session opened later from the store goes on with the key', async () => {
  const store = onlyJson(memoryStore())
  await using fixture = await startFixture({ store })
  await fixture.session[Symbol.asyncDispose]()
  const later = fixture.open()
  expect((await createFetch(later)(fixture.api.origin)).status).toBe(200)
  expect((await later.refresh()).type).toBe('DPoP')
  expect((await createFetch(later)(fixture.api.origin)).status).toBe(200)
  expect((await readRecord(store)).secrets?.proofKey).toMatchObject({ kty: 'EC', d: fixture.proofKey.d })
})

test('P63 a sign-out forgets the key, and a sign-in brings its own', async () => {
  const store = memoryStore()
  await using fixture = await startFixture({ store })
  const { api, session } = fixture
  await session.signOut()
  expect(await readRecord(store)).not.toHaveProperty('secrets')
  await fixture.signIn(session)
  await session.refresh()
  expect((await createFetch(session)(api.origin)).status).toBe(200)
})

test('P63 a session that had bearer tokens is bound with its next refresh, for good', async () => {
  await using server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  const store = onlyJson(memoryStore())
  const grant = refreshTokenGrant({ issuer: server.issuer, clientId: server.publicClient.id, dpop: dpop() })
  await using session = openSession(server, { store, grant })
  await session.signIn(tokenSetOf(await server.signIn()))
  expect((await session.getAccessToken()).type).toBe('Bearer')
  const first = await session.refresh()
  expect(first.type).toBe('DPoP')
  const { thumbprint } = (await server.findAccessToken(first.value)) ?? {}
  expect((await server.findAccessToken((await session.refresh()).value))?.thumbprint).toBe(thumbprint)
})

test('P63 a lost answer does not lose the first bound tokens of a session that had bearer tokens', async () => {
  await using server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  await using api = await startApi({ authorizationServer: server })
  const grant = refreshTokenGrant({ issuer: server.issuer, clientId: server.publicClient.id, dpop: dpop() })
  await using session = openSession(server, { grant, allowedOrigins: [api.origin], runtime: { random: () => 0 } })
  await session.signIn(tokenSetOf(await server.signIn()))
  server.faults.setGrace(60_000, { answer: 'sameAnswer' })
  server.faults.dropAnswerAfterCommit()
  await session.refresh()
  expect(server.counts).toMatchObject({ replays: 1, refreshesIssued: 1 })
  expect((await createFetch(session)(api.origin)).status).toBe(200)
  expect(api.counts.total).toBe(1)
})

test('P63 a key for a session that had none is stored before anything is bound to it', async () => {
  await using server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  const store = memoryStore()
  const grant = refreshTokenGrant({ issuer: server.issuer, clientId: server.publicClient.id, dpop: dpop() })
  await using session = openSession(server, { store, grant })
  await session.signIn(tokenSetOf(await server.signIn()))
  const gate = server.faults.hold()
  const refreshed = session.refresh()
  await gate.arrived()
  const { secrets } = await readRecord(store)
  expect(secrets?.proofKey).toMatchObject({ kty: 'EC', d: expect.any(String) })
  gate.release()
  await refreshed
  expect((await readRecord(store)).secrets?.proofKey).toEqual(secrets?.proofKey)
})

test('a token request without a key makes one, and hands it back with the tokens', async () => {
  await using server = await startAuthorizationServer()
  const grant = refreshTokenGrant({ issuer: server.issuer, clientId: server.publicClient.id, dpop: dpop() })
  const { refresh_token = '' } = await server.signIn()
  const signal = AbortSignal.timeout(5_000)
  server.dpop.requiresNonce = true
  const outcome = await grant.refresh({ refreshToken: refresh_token, signal, now: Date.now })
  if (outcome.kind !== 'issued') throw new Error('Nothing was issued')
  const { thumbprint } = (await server.findAccessToken(outcome.tokenSet.accessToken)) ?? {}
  expect(thumbprint).toBe(await calculateJwkThumbprint(outcome.proofKey as JWK))
})

test('P64 a grant without dpop() sends nothing for tokens that are bound to a key, and its session lives', async () => {
  await using fixture = await startFixture()
  const { server } = fixture
  const entries: unknown[] = []
  const forgetful = fixture.open({
    grant: refreshTokenGrant({ issuer: server.issuer, clientId: server.boundClient.id }),
    debug: (entry) => entries.push(entry),
  })
  await expect(forgetful.refresh()).rejects.toSatisfy(isRefreshUnavailableError)
  expect(server.counts.total).toBe(0)
  expect(entries).toContainEqual(expect.objectContaining({ type: 'tokenRequestFailed', code: 'dpopMissing' }))
  await expect(createFetch(forgetful)(fixture.api.origin)).rejects.toThrow('`dpop: dpop()`')
  expect(fixture.api.counts.total).toBe(0)
})

test('a clock that is an hour off costs one more token request where a nonce can be had', async () => {
  const clock = {
    now: () => Date.now() + 3_600_000,
    setTimeout: (callback: () => void, delay: number) => setTimeout(callback, delay),
    clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
  }
  await using fixture = await startFixture({ runtime: { clock: clock as never } })
  const { server, session } = fixture
  await session.refresh()
  expect(server.requests.map(({ error }) => error)).toEqual(['use_dpop_nonce', undefined])
  expect(server.counts.refreshesIssued).toBe(1)
})

/** A store that keeps what JSON can hold, as most do. */
function onlyJson(store: SessionStore): SessionStore {
  return {
    ...store,
    compareAndSet: (key, revision, next) => store.compareAndSet(key, revision, JSON.parse(JSON.stringify(next))),
  }
}
