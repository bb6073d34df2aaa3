import { isRefreshUnavailableError, memoryStore, type Session } from '@authchart/core'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer, withMembers } from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import { openSession, openSignedInSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'

const second = 1_000
const always = { times: Number.POSITIVE_INFINITY }

let server: AuthorizationServer
let clock: SimulatedClock

beforeEach(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  clock = createSimulatedClock()
})

afterEach(() => server.close())

/** Simulated minutes with a caller every second; the codes of what callers were refused with. */
async function live(session: Session, { minutes }: { minutes: number }): Promise<Set<string>> {
  const codes = new Set<string>()
  for (let elapsed = 0; elapsed < minutes * 60; elapsed += 1) {
    await clock.advance(second)
    try {
      await session.getAccessToken()
    } catch (error) {
      codes.add(isRefreshUnavailableError(error) ? error.code : String(error))
    }
  }
  await eventually(() => session.getSnapshot().status !== 'refreshing', { description: 'the last refresh to end' })
  return codes
}

/** What servers have put into `expires_in`, and how long the token then lasts, in seconds; `undefined` for unknown. */
const lifetimes: [value: number | string | null, lifetime: number | undefined][] = [
  [0, 0],
  [-3_600, 0],
  ['-60', 0],
  [2, 2],
  ['3600', 3_600],
  ['3600s', undefined],
  [null, undefined],
  [Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY],
  [1e300, Number.POSITIVE_INFINITY],
  ['99999999999999999999', Number.POSITIVE_INFINITY],
]
const cases = lifetimes.flatMap(([value, lifetime]) =>
  (['eager', 'onUse'] as const).map((refreshTiming) => ({ value, lifetime, refreshTiming })),
)

function expectLifetime(session: Session, lifetime: number | undefined): void {
  const { expiresAt } = session.getSnapshot()
  if (lifetime === undefined) expect(expiresAt).toBeUndefined()
  else if (lifetime === Number.POSITIVE_INFINITY) {
    expect(Number.isFinite(expiresAt)).toBe(true)
    expect(expiresAt).toBeGreaterThan(clock.now() + 1e15)
  } else expect(expiresAt).toBe(clock.now() + lifetime * second)
}

describe.each(cases)('an expires_in of $value, refreshing $refreshTiming', ({ value, lifetime, refreshTiming }) => {
  it('P27 in every answer to a refresh makes no loop', async () => {
    await using session = await openSignedInSession(server, {
      runtime: { clock, random: () => 0.5 },
      maximumWaitMilliseconds: 0,
      refreshTiming,
    })
    server.faults.alterAnswer(withMembers({ expires_in: value }), always)
    const first = session.refresh()
    if (lifetime === 0) await expect(first).rejects.toMatchObject({ code: 'tokenUnusable', retryable: true })
    else await first
    expectLifetime(session, lifetime)
    server.resetCounts()

    const codes = await live(session, { minutes: 5 })
    const { refreshes, refreshesIssued, reuseDetected } = server.counts
    expect(refreshesIssued).toBe(refreshes)
    expect(reuseDetected).toBe(0)
    if (lifetime === 0) {
      // Backing off: 0.5 s, 1 s, 2 s and so on, and in between callers fail without a request.
      expect(refreshes).toBeGreaterThanOrEqual(5)
      expect(refreshes).toBeLessThanOrEqual(10)
      expect(codes).toEqual(new Set(['tokenUnusable']))
      expect(session.getSnapshot()).toMatchObject({ status: 'transientFailure', usable: false })
    } else {
      // Half of two seconds is the margin: at most one refresh a second.
      expect(refreshes).toBeLessThanOrEqual(lifetime === 2 ? 300 : 0)
      if (lifetime === 2) expect(refreshes).toBeGreaterThanOrEqual(100)
      expect(codes).toEqual(new Set())
    }
  })

  it('P27 in a sign-in costs one refresh at most', async () => {
    await using session = openSession(server, {
      runtime: { clock, random: () => 0.5 },
      maximumWaitMilliseconds: 0,
      refreshTiming,
    })
    await session.signIn({ ...tokenSetOf(await server.signIn()), expiresIn: value })
    if (lifetime !== 0 || refreshTiming === 'onUse') expectLifetime(session, lifetime)
    const codes = await live(session, { minutes: 1 })
    expect(codes).toEqual(new Set())
    expect(session.getSnapshot()).toMatchObject({ status: 'fresh', usable: true })
    expect(server.counts.refreshes).toBe(lifetime === 0 || lifetime === 2 ? 1 : 0)
  })
})

it('P27 a token that is unusable on arrival makes everybody on the store back off, and it is said once', async () => {
  const store = memoryStore()
  await using session = await openSignedInSession(server, {
    runtime: { clock, random: () => 0.5 },
    maximumWaitMilliseconds: 0,
    store,
  })
  await using neighbour = openSession(server, {
    runtime: { clock, random: () => 0.5 },
    maximumWaitMilliseconds: 0,
    store,
    refreshTiming: 'eager',
  })
  await neighbour.ready
  const notices: string[] = []
  session.on('*', ({ type }) => notices.push(type))
  server.faults.alterAnswer(withMembers({ expires_in: 0 }), always)
  for (let streak = 1; streak <= 4; streak += 1) {
    await expect(session.refresh()).rejects.toMatchObject({ code: 'tokenUnusable' })
    const { rejectionStreak, backoffUntil = 0 } = (await store.read(sessionKey)) ?? {}
    expect(rejectionStreak).toBe(streak)
    expect(backoffUntil).toBeGreaterThan(clock.now())
    for (const each of [session, neighbour]) {
      await expect(each.getAccessToken()).rejects.toMatchObject({ code: 'tokenUnusable', retryAt: backoffUntil })
    }
    await clock.advance(backoffUntil - clock.now() - 1)
    expect(server.counts.refreshes).toBe(streak)
  }
  server.faults.clear()
  await clock.advance(1)
  await eventually(() => neighbour.getSnapshot().status === 'fresh', { description: 'the recovery' })
  expect((await session.getAccessToken()).value).toBe((await neighbour.getAccessToken()).value)
  expect(server.counts).toMatchObject({ refreshes: 5, reuseDetected: 0 })
  expect(notices).toEqual(['refreshFailed', 'adopted', 'recovered'])
})
