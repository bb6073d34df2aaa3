import { isRefreshUnavailableError } from '@authchart/core'
import { createSimulatedClock } from '@authchart/core/testing'
import { type AuthorizationServer, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { collectNotices, noticesOf, typesOf } from '../support/notices.ts'
import { passTimeUntil, passTimeWhile } from '../support/pass-time.ts'
import { openSession, openSignedInSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

const hour = 60 * 60_000

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
beforeEach(() => server.resetCounts())
afterAll(() => server.close())

async function openOnTroubledStore() {
  const clock = createSimulatedClock()
  const store = createTroubledStore()
  const session = await openSignedInSession(server, { runtime: { clock }, store })
  const notices = collectNotices(session)
  const generation = session.getSnapshot().generation
  /** Strikes the writes that carry new tokens, not the intent before them. */
  const troubleTokens = (trouble: Parameters<typeof store.trouble>[1], times = Number.POSITIVE_INFINITY) =>
    store.trouble('compareAndSet', trouble, { times, when: (next) => next.generation > generation })
  return { clock, store, session, notices, troubleTokens, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() }
}

describe('P47 a store that fails after a rotation', () => {
  test('P47 a store that fails three times after a rotation loses nothing', async () => {
    await using fixture = await openOnTroubledStore()
    const { clock, store, session, notices, troubleTokens } = fixture
    const { value } = await session.getAccessToken()
    troubleTokens('fails', 3)
    const token = await passTimeWhile(clock, session.refresh())
    expect(token.value).not.toBe(value)
    await passTimeUntil(clock, () => noticesOf(notices, 'stored').length > 0, {
      description: 'the tokens to be stored',
    })
    expect(typesOf(notices)).toEqual(['unstored', 'stored', 'refreshed'])
    expect((await store.peek(sessionKey))?.secrets?.tokenSet.accessToken).toBe(token.value)
    expect(server.counts.refreshes).toBe(1)
    await session.refresh()
    expect(server.counts).toMatchObject({ refreshes: 2, refreshesIssued: 2, reuseDetected: 0, replays: 0 })
  })

  test('P47 while it is down the new token is served, the lease kept, and no request carries the old refresh token', async () => {
    await using fixture = await openOnTroubledStore()
    const { clock, store, session, notices, troubleTokens } = fixture
    await clock.advance(2 * hour)
    troubleTokens('fails')
    const { value, generation } = await session.getAccessToken()
    expect(session.getSnapshot()).toMatchObject({ usable: true, generation })
    await using neighbour = openSession(server, { store, runtime: { clock } })
    await neighbour.ready

    for (let minute = 0; minute < 30; minute += 1) {
      await clock.advance(60_000)
      expect((await session.getAccessToken()).value).toBe(value)
    }
    expect(store.leases).toBe(1)
    // Nothing better can come before the store is back.
    await clock.advance(hour)
    await expect(session.getAccessToken()).rejects.toSatisfy(
      (error) => isRefreshUnavailableError(error) && error.code === 'storeUnavailable',
    )
    // A neighbour has nothing to send: the lease is taken.
    await expect(passTimeWhile(clock, neighbour.getAccessToken(), { stepMilliseconds: 200 })).rejects.toSatisfy(
      isRefreshUnavailableError,
    )
    expect(server.counts.refreshes).toBe(1)
    expect(typesOf(notices)).toEqual(['unstored'])

    store.heal()
    await passTimeUntil(clock, () => noticesOf(notices, 'stored').length > 0, {
      description: 'the tokens to be stored',
      stepMilliseconds: 200,
    })
    expect((await store.peek(sessionKey))?.secrets?.tokenSet.accessToken).toBe(value)
    const tokens = await passTimeWhile(clock, Promise.all([session.getAccessToken(), neighbour.getAccessToken()]))
    expect(new Set(tokens.map((token) => token.value)).size).toBe(1)
    expect(server.counts).toMatchObject({ refreshes: 2, refreshesIssued: 2, reuseDetected: 0, replays: 0 })
    expect(store.leases).toBe(0)
  })

  test('P47 storing is tried at most ten seconds apart', async () => {
    await using fixture = await openOnTroubledStore()
    const { clock, store, session, troubleTokens } = fixture
    troubleTokens('fails')
    await session.refresh()
    const before = store.calls.compareAndSet
    await clock.advance(10 * 60_000)
    expect(store.calls.compareAndSet - before).toBeGreaterThanOrEqual(60)
    store.heal()
    await clock.advance(10_000)
    expect((await store.peek(sessionKey))?.generation).toBe(session.getSnapshot().generation)
  })

  test.each(['hangs', 'throwsForeignError'] as const)('P47 a store that %s is one that fails', async (trouble) => {
    await using fixture = await openOnTroubledStore()
    const { clock, store, session, notices, troubleTokens } = fixture
    const { value } = await session.getAccessToken()
    troubleTokens(trouble, 2)
    // A caller does not wait for as long as a store may take that hangs; the refresh does.
    const refresh = session.refresh().catch(() => {})
    await passTimeUntil(clock, () => noticesOf(notices, 'stored').length > 0, {
      description: 'the tokens to be stored',
      stepMilliseconds: 200,
    })
    await refresh
    expect(typesOf(notices)).toEqual(['unstored', 'stored', 'refreshed'])
    expect((await session.getAccessToken()).value).not.toBe(value)
    expect(server.counts.refreshes).toBe(1)
    expect((await store.peek(sessionKey))?.generation).toBe(session.getSnapshot().generation)
  })

  test('P47 a store that can be neither written nor read is no different', async () => {
    await using fixture = await openOnTroubledStore()
    const { clock, store, session, notices, troubleTokens } = fixture
    troubleTokens('fails')
    server.faults.alterAnswer((members) => {
      store.trouble('read', 'fails')
      return members
    })
    const { value } = await session.refresh()
    await clock.advance(60_000)
    store.heal()
    await clock.advance(10_000)
    expect(typesOf(notices)).toEqual(['unstored', 'stored', 'refreshed'])
    expect((await store.peek(sessionKey))?.secrets?.tokenSet.accessToken).toBe(value)
    expect(server.counts.refreshes).toBe(1)
  })
})

describe('P47 a write that seems to fail', () => {
  test('P47 is known as ours when it was made nevertheless: no notice, no second write', async () => {
    await using fixture = await openOnTroubledStore()
    const { store, session, notices, troubleTokens } = fixture
    const before = store.written.length
    troubleTokens('failsAfterwards')
    await session.refresh()
    expect(typesOf(notices)).toEqual(['refreshed'])
    // The intent and the tokens.
    expect(store.written.length - before).toBe(2)
    expect((await store.peek(sessionKey))?.generation).toBe(session.getSnapshot().generation)
    store.heal()
    await session.refresh()
    expect(server.counts).toMatchObject({ refreshes: 2, reuseDetected: 0 })
  })

  test('P47 is known as ours when it cannot be read back at first', async () => {
    await using fixture = await openOnTroubledStore()
    const { clock, store, session, notices, troubleTokens } = fixture
    const before = store.written.length
    troubleTokens('failsAfterwards', 1)
    server.faults.alterAnswer((members) => {
      store.trouble('read', 'fails')
      return members
    })
    session.on('unstored', () => store.heal())
    await session.refresh()
    await clock.advance(10_000)
    expect(typesOf(notices)).toEqual(['unstored', 'stored', 'refreshed'])
    expect(store.written.length - before).toBe(2)
  })

  test('an intent that cannot be written sends nothing', async () => {
    await using fixture = await openOnTroubledStore()
    const { store, session } = fixture
    store.trouble('compareAndSet', 'fails')
    await expect(session.refresh()).rejects.toSatisfy(
      (error) => isRefreshUnavailableError(error) && error.code === 'storeUnavailable',
    )
    expect(server.counts.refreshes).toBe(0)
  })

  test('a sign-in that was stored though the write seemed to fail is a sign-in', async () => {
    const store = createTroubledStore()
    store.trouble('compareAndSet', 'failsAfterwards')
    await using session = openSession(server, { store })
    const tokenSet = tokenSetOf(await server.signIn())
    await session.signIn(tokenSet)
    expect((await session.getAccessToken()).value).toBe(tokenSet.accessToken)
  })

  test('a sign-in that cannot be stored changes nothing and revokes nothing', async () => {
    await using fixture = await openOnTroubledStore()
    const { store, session, notices } = fixture
    const { value } = await session.getAccessToken()
    store.trouble('compareAndSet', 'fails')
    const again = tokenSetOf(await server.signIn())
    await expect(session.signIn(again)).rejects.toMatchObject({ code: 'storeUnavailable' })
    expect((await session.getAccessToken()).value).toBe(value)
    expect(notices).toEqual([])
    expect(server.counts.revocationRequests).toBe(0)
  })
})
