import { isRefreshUnavailableError } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { createSimulatedClock } from '@authchart/core/testing'
import { type AuthorizationServer, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { collectNotices, noticesOf } from '../support/notices.ts'
import { passTime } from '../support/pass-time.ts'
import { openSignedInSession, sessionKey } from '../support/signed-in-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

const minute = 60_000
const hour = 60 * minute

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
afterEach(() => server.comeBack())
afterAll(() => server.close())

/** A grant whose requests are counted where they leave, with the simulated time of each. */
function createWatchedGrant(now: () => number) {
  const attempts: number[] = []
  const grant = refreshTokenGrant({
    issuer: server.issuer,
    clientId: server.publicClient.id,
    fetch: (url, init) => {
      attempts.push(now())
      return fetch(url, init)
    },
  })
  return { attempts, grant }
}

/** Numbers from 0 up to 1 that look random and are the same each time. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 16_807) % 2_147_483_647
    return state / 2_147_483_647
  }
}

describe('P36 an outage of an hour', () => {
  test('P36 costs a bounded, jittered number of requests, and recovers by itself', async () => {
    const runs = [await runThroughOutage(createRandom(1_234_567)), await runThroughOutage(createRandom(7_654_321))]
    for (const { attempts, notices } of runs) {
      expect(attempts.length).toBeGreaterThan(12)
      expect(attempts.length).toBeLessThan(80)
      const pauses = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0))
      expect(Math.max(...pauses)).toBeLessThanOrEqual(5 * minute + 5_000)
      expect(new Set(pauses).size).toBeGreaterThan(pauses.length / 2)
      expect(noticesOf(notices, 'refreshFailed')).toMatchObject([{ code: 'network' }])
      expect(noticesOf(notices, 'recovered')).toHaveLength(1)
      expect(noticesOf(notices, 'ended')).toHaveLength(0)
    }
    expect(runs[0]?.attempts).not.toEqual(runs[1]?.attempts)
  })

  async function runThroughOutage(random: () => number) {
    const clock = createSimulatedClock({ now: 1_700_000_000_000 })
    const { attempts, grant } = createWatchedGrant(clock.now)
    await using session = await openSignedInSession(server, {
      runtime: { clock, random },
      grant,
      refreshTiming: 'eager',
    })
    const notices = collectNotices(session)
    await server.goDown()
    // The token is good for an hour, and due a quarter of an hour before that.
    await passTime(clock, 44 * minute, { session, stepMilliseconds: 5_000 })
    await passTime(clock, hour, { session, stepMilliseconds: 5_000 })
    expect(session.getSnapshot()).toMatchObject({ status: 'transientFailure', usable: false, code: 'network' })
    const during = [...attempts]
    await server.comeBack()
    await passTime(clock, 5 * minute + 5_000, { session, stepMilliseconds: 5_000 })
    expect(session.getSnapshot()).toMatchObject({ status: 'fresh', usable: true })
    return { attempts: during, notices }
  }

  test('P36 callers whose next try lies beyond their patience fail at once, with its time and no request', async () => {
    const clock = createSimulatedClock()
    const { attempts, grant } = createWatchedGrant(clock.now)
    await using session = await openSignedInSession(server, {
      runtime: { clock, random: () => 0.9 },
      grant,
      maximumWaitMilliseconds: 0,
    })
    await server.goDown()
    await clock.advance(2 * hour)
    await session.getAccessToken().catch(() => {})
    const made = attempts.length
    const { retryAt } = session.getSnapshot()
    expect(retryAt).toBeGreaterThan(clock.now())
    for (let call = 0; call < 100; call += 1) {
      await expect(session.getAccessToken()).rejects.toSatisfy(
        (error) => isRefreshUnavailableError(error) && error.code === 'network' && error.retryAt === retryAt,
      )
    }
    expect(attempts).toHaveLength(made)

    // At that time a caller is the next try.
    await server.comeBack()
    await clock.advance((retryAt ?? 0) - clock.now())
    await session.getAccessToken()
    expect(session.getSnapshot().status).toBe('fresh')
  })
})

describe('P37 giveUpAfterMilliseconds', () => {
  test('P37 ends the session as unreachable after it, not at it', async () => {
    const clock = createSimulatedClock()
    const store = createTroubledStore()
    await using session = await openSignedInSession(server, {
      runtime: { clock },
      store,
      refreshTiming: 'eager',
      giveUpAfterMilliseconds: minute,
    })
    const notices = collectNotices(session)
    await server.goDown()
    await expect(session.refresh()).rejects.toSatisfy(isRefreshUnavailableError)
    const since = (await store.peek(sessionKey))?.failure?.since ?? 0
    expect(since).toBe(clock.now())

    await passTime(clock, minute, { session })
    await expect(session.refresh()).rejects.toSatisfy(isRefreshUnavailableError)
    expect(clock.now()).toBe(since + minute)
    expect(session.getSnapshot().status).toBe('transientFailure')
    expect(noticesOf(notices, 'ended')).toHaveLength(0)

    await clock.advance(1)
    await eventually(() => session.getSnapshot().status === 'invalidated', { description: 'the end' })
    expect(session.getSnapshot()).toMatchObject({ reason: 'unreachable', endedAt: since + minute + 1, usable: true })
    expect(noticesOf(notices, 'ended')).toMatchObject([{ reason: 'unreachable' }])
    // Nothing is wrong with the refresh token: it is kept, and an explicit refresh mends it.
    expect((await store.peek(sessionKey))?.secrets?.tokenSet.refreshToken).toBeDefined()
    await server.comeBack()
    await session.refresh()
    expect(session.getSnapshot().status).toBe('fresh')
    expect(session.getSnapshot().reason).toBeUndefined()
  })

  test('P37 without it an outage of a month ends nothing', async () => {
    const clock = createSimulatedClock()
    await using session = await openSignedInSession(server, { runtime: { clock }, maximumWaitMilliseconds: 0 })
    await server.goDown()
    for (let day = 0; day < 30; day += 1) {
      await clock.advance(24 * hour)
      await expect(session.getAccessToken()).rejects.toSatisfy(isRefreshUnavailableError)
    }
    await server.comeBack()
    await clock.advance(24 * hour)
    await session.getAccessToken()
  })
})
