import type { Environment, Session, SessionOptions } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
  withMembers,
} from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import { openSession, openSignedInSession, tokenSetOf } from '../support/signed-in-session.ts'

const second = 1_000
const minute = 60 * second
const day = 24 * 60 * minute

let server: AuthorizationServer
let clock: SimulatedClock

beforeEach(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  clock = createSimulatedClock()
})

afterEach(() => server.close())

/** A session signed in just now, without jitter. */
function signInNow(options: Partial<SessionOptions> = {}): Promise<Session> {
  return openSignedInSession(server, { ...options, runtime: { clock, random: () => 0, ...options.runtime } })
}

function refreshEnded(session: Session): Promise<void> {
  return eventually(() => session.getSnapshot().status !== 'refreshing', { description: 'the refresh to end' })
}

/** Lifetime and margin, in seconds. */
const margins = [
  [4, 2],
  [20, 10],
  [30, 10],
  [60, 15],
  [3_600, 900],
  [7_200, 900],
  [86_400, 900],
] as const

describe.each(margins)('a token of %i s', (lifetime, margin) => {
  const untilDue = (lifetime - margin) * second

  it(`P25 is due for a caller at exactly ${margin} s before its end, and not a second or a millisecond earlier`, async () => {
    server.lifetimes.accessToken = lifetime
    await using session = openSession(server, { refreshTiming: 'onUse', runtime: { clock, random: () => 0 } })
    await session.ready
    // In its first minute a session waits for a refresh that is due.
    clock.sleep(minute)
    await session.signIn(tokenSetOf(await server.signIn()))
    // What a refresh brought is due as what a sign-in brought is.
    for (const refreshes of [0, 1, 2]) {
      const { value } = await session.getAccessToken()
      for (const early of [second, 1]) {
        clock.sleep(early === second ? untilDue - second : second - 1)
        expect((await session.getAccessToken()).value).toBe(value)
        expect(session.getSnapshot().status).toBe('fresh')
        expect(server.counts.refreshes).toBe(refreshes)
      }
      clock.sleep(1)
      expect((await session.getAccessToken()).value).toBe(value)
      expect(session.getSnapshot().status).toBe('refreshing')
      await refreshEnded(session)
      expect(server.counts.refreshes).toBe(refreshes + 1)
    }
  })

  it(`P25 is refreshed by itself at exactly ${margin} s before its end, where that is wanted`, async () => {
    server.lifetimes.accessToken = lifetime
    await using session = await signInNow({ refreshTiming: 'eager' })
    for (const refreshes of [0, 1]) {
      await clock.advance(untilDue - 1)
      expect(session.getSnapshot().status).toBe('fresh')
      expect(server.counts.refreshes).toBe(refreshes)
      await clock.advance(1)
      await server.until((counts) => counts.refreshes === refreshes + 1)
      await refreshEnded(session)
    }
  })

  it('P25 is jittered earlier by less than a tenth of the margin, and never later', async () => {
    server.lifetimes.accessToken = lifetime
    await using session = await signInNow({ runtime: { random: () => 0.999 } })
    const { expiresAt = 0, refreshDueAt = 0 } = session.getSnapshot()
    expect(expiresAt - refreshDueAt).toBeGreaterThan(margin * second)
    expect(expiresAt - refreshDueAt).toBeLessThanOrEqual(margin * second * 1.1)
  })
})

it('P25 a forced refresh is always due', async () => {
  await using session = await signInNow()
  const values = new Set([(await session.getAccessToken()).value])
  for (let refreshes = 1; refreshes <= 3; refreshes += 1) {
    values.add((await session.refresh()).value)
    expect(server.counts.refreshes).toBe(refreshes)
  }
  // None lasts longer than an hour: a caller who needs more gets what is to be had, without a refresh for each call.
  values.add((await session.getAccessToken({ minimumValidityMilliseconds: 61 * minute })).value)
  expect(server.counts.refreshes).toBe(3)
  expect(values.size).toBe(4)
})

describe.each(['eager', 'onUse'] as const)('refreshing %s', (refreshTiming) => {
  it('P26 a token of unknown lifetime is never due, until it is rejected', async () => {
    await using api = await startApi({ authorizationServer: server })
    await using session = openSession(server, { runtime: { clock }, refreshTiming, allowedOrigins: [api.origin] })
    const { expiresIn: _, ...withoutLifetime } = tokenSetOf(await server.signIn())
    await session.signIn(withoutLifetime)
    const authorizedFetch = createFetch(session)
    expect(session.getSnapshot().expiresAt).toBeUndefined()
    await clock.advance(day)
    clock.sleep(365 * day)
    await clock.advance(10 * minute)
    expect((await authorizedFetch(api.origin)).status).toBe(200)
    expect(session.getSnapshot().status).toBe('fresh')
    expect(server.counts.refreshes).toBe(0)

    api.faults.revokePresentedToken()
    expect((await authorizedFetch(api.origin)).status).toBe(200)
    expect(server.counts.refreshes).toBe(1)
  })

  it('P28 there is exactly one refresh in each margin window, however often callers ask', async () => {
    await using session = await signInNow({ refreshTiming })
    for (let window = 1; window <= 3; window += 1) {
      const { value, expiresAt = 0 } = await session.getAccessToken()
      clock.sleep(expiresAt - 900 * second - clock.now())
      const gate = server.faults.hold({ times: 1 })
      for (let ask = 0; ask < 100; ask += 1) {
        const tokens = await Promise.all(Array.from({ length: 10 }, () => session.getAccessToken()))
        // The old token is still good: nobody waits for the new one.
        expect(new Set(tokens.map((token) => token.value))).toEqual(new Set([value]))
      }
      await gate.arrived()
      gate.release()
      await refreshEnded(session)
      for (let ask = 0; ask < 100; ask += 1) {
        clock.sleep(second)
        expect((await session.getAccessToken()).value).not.toBe(value)
      }
      expect(server.counts).toMatchObject({ refreshes: window, openAtOnceMaximum: 1 })
    }
  })

  it('P29 after two days asleep the first read sees the token expired and refreshes once', async () => {
    await using session = await signInNow({ refreshTiming })
    const before = await session.getAccessToken()
    expect(session.getSnapshot().status).toBe('fresh')
    // No timer fires: the device was off.
    clock.sleep(2 * day)
    const reads = await Promise.all(Array.from({ length: 20 }, () => session.getAccessToken()))
    const [first] = reads
    expect(first?.generation).toBeGreaterThan(before.generation)
    expect(new Set(reads.map(({ value }) => value)).size).toBe(1)
    expect(await server.findAccessToken(first?.value ?? '')).toBeDefined()
    // Now the timers that were due long ago fire as well.
    await clock.advance(minute)
    expect((await session.getAccessToken()).value).toBe(first?.value)
    expect(server.counts.refreshes).toBe(1)
  })
})

it.each(['its timers', 'the device'] as const)(
  'P29 after two days asleep a session that %s wakes refreshes once by itself',
  async (waker) => {
    let wake = () => {}
    const environment: Environment = {
      isOnline: () => true,
      subscribe(listener) {
        wake = () => listener('resumed')
        return () => {}
      },
    }
    await using session = await signInNow({ refreshTiming: 'eager', runtime: { environment } })
    clock.sleep(2 * day)
    if (waker === 'the device') wake()
    else await clock.advance(0)
    await server.until((counts) => counts.refreshes === 1)
    await refreshEnded(session)
    await clock.advance(10 * minute)
    expect(session.getSnapshot().status).toBe('fresh')
    expect(server.counts.refreshes).toBe(1)
  },
)

/** A JWT with this payload and no signature; nobody here checks one. */
function unsignedToken(payload: unknown): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${encode({ alg: 'none' })}.${encode(payload)}.c2lnbmF0dXJl`
}

describe('P26 the exp of a JWT', () => {
  const inSeconds = (milliseconds: number) => Math.floor(milliseconds / second)

  it('P26 is used where no expires_in came, and only there', async () => {
    await using session = await signInNow()
    const exp = inSeconds(clock.now()) + 600
    const accessToken = unsignedToken({ exp })
    server.faults.alterAnswer(({ expires_in, ...rest }) => ({ ...rest, access_token: accessToken }))
    expect((await session.refresh()).expiresAt).toBe(exp * second)

    server.faults.alterAnswer(withMembers({ expires_in: 60, access_token: accessToken }))
    expect((await session.refresh()).expiresAt).toBe(clock.now() + 60 * second)

    const { refreshToken = '' } = tokenSetOf(await server.signIn())
    await session.signIn({ accessToken, refreshToken })
    expect(session.getSnapshot().expiresAt).toBe(exp * second)
    await session.signIn({ accessToken, expiresIn: 60, refreshToken })
    expect(session.getSnapshot().expiresAt).toBe(clock.now() + 60 * second)
  })

  it.each([
    ['an opaque token', 'opaque'],
    ['three parts of which none is JSON', 'a.b.c'],
    ['a payload that is no object', unsignedToken('text')],
    ['a payload that is null', unsignedToken(null)],
    ['an exp that is no number', unsignedToken({ exp: 'tomorrow' })],
    ['a payload without exp', unsignedToken({ sub: 'alice' })],
    ['five parts, encrypted', 'eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn'],
  ])('P26 is not missed: %s is no error, and of unknown lifetime', async (_name, accessToken) => {
    await using session = await signInNow()
    server.faults.alterAnswer(({ expires_in, ...rest }) => ({ ...rest, access_token: accessToken }))
    expect((await session.refresh()).value).toBe(accessToken)
    expect(session.getSnapshot()).toMatchObject({ status: 'fresh', usable: true })
    expect(session.getSnapshot().expiresAt).toBeUndefined()
    await session.signIn({ accessToken })
    expect(session.getSnapshot()).toMatchObject({ status: 'fresh', usable: true })
    expect(session.getSnapshot().expiresAt).toBeUndefined()
  })
})

describe('P75 in its first minute', () => {
  it('P75 a session on use waits for the refresh of a token that is due but good, for all callers together', async () => {
    server.lifetimes.accessToken = 20
    await using session = await signInNow({ refreshTiming: 'onUse' })
    const { value } = await session.getAccessToken()
    clock.sleep(11 * second)
    const tokens = await Promise.all([session.getAccessToken(), session.getAccessToken()])
    expect(new Set(tokens.map((token) => token.value)).size).toBe(1)
    expect(tokens[0]?.value).not.toBe(value)
    expect(session.getSnapshot().status).toBe('fresh')
    expect(server.counts.refreshes).toBe(1)
  })

  it('P75 it waits for at most 2 s, then serves the token that is good', async () => {
    server.lifetimes.accessToken = 20
    await using session = await signInNow({ refreshTiming: 'onUse' })
    const { value } = await session.getAccessToken()
    clock.sleep(11 * second)
    const gate = server.faults.hold()
    let served: string | undefined
    const call = session.getAccessToken().then((token) => {
      served = token.value
    })
    await gate.arrived()
    await clock.advance(1_999)
    expect(served).toBeUndefined()
    await clock.advance(1)
    await call
    expect(served).toBe(value)
    gate.release()
    await refreshEnded(session)
  })
})
