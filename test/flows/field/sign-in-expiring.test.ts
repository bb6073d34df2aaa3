import { createSession, memoryStore, type SessionStore } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import { describe, expect, test } from 'vitest'
import { jsonAnswer, writeAnswer } from '../../authorization-server/http-answer.ts'
import { startLoopbackServer } from '../../authorization-server/loopback-server.ts'
import { createIdToken } from '../../support/id-tokens.ts'
import { collectNotices, noticesOf } from '../../support/notices.ts'
import { passTime, passTimeWhile } from '../../support/pass-time.ts'
import { sessionKey } from '../../support/signed-in-session.ts'

const start = 1_900_000_000_000
const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** A JWT with these claims, as some servers make their refresh tokens. */
const jwt = (claims: Record<string, unknown>) => createIdToken(claims)

/** A server whose answers say what a test wants of the refresh token, and that rotates unless they say otherwise. */
async function startServer(members: Readonly<Record<string, unknown>>) {
  let count = 0
  const server = await startLoopbackServer((request, response) => {
    request.resume()
    count += 1
    const tokens = { access_token: `access-${count}`, refresh_token: `refresh-${count}`, expires_in: 3600 }
    void writeAnswer(response, jsonAnswer(200, { ...tokens, ...world.members }))
  })
  const world = {
    members,
    get requests() {
      return count
    },
    grant: () =>
      refreshTokenGrant({ issuer: server.origin, metadata: { token_endpoint: `${server.origin}/t` }, clientId: 'app' }),
    [Symbol.asyncDispose]: () => server.close(),
  }
  return world
}

type Server = Awaited<ReturnType<typeof startServer>>

function open(server: Server, { clock, store }: { clock: SimulatedClock; store: SessionStore }) {
  const session = createSession({ key: sessionKey, store, grant: server.grant(), runtime: { clock, random: () => 0 } })
  return { session, notices: collectNotices(session) }
}

/** Days pass asleep: a session that looks at the clock every few minutes would make them long. */
async function pass(clock: SimulatedClock, milliseconds: number): Promise<void> {
  clock.sleep(Math.max(milliseconds - 5 * minute, 0))
  await clock.advance(Math.min(milliseconds, 5 * minute))
}

const firstTokens = { accessToken: 'access-0', refreshToken: 'refresh-0', expiresIn: 3600 }

describe('P91 the end of the sign-in itself is known from', () => {
  test.each<[string, Record<string, unknown>, number | undefined]>([
    ['refresh_expires_in', { refresh_expires_in: 1800 }, 30 * minute],
    ['refresh_token_expires_in', { refresh_token_expires_in: 15_897_600 }, 184 * day],
    ['refresh_token_expires_in in quotes', { refresh_token_expires_in: '5184000' }, 60 * day],
    ['x_refresh_token_expires_in', { x_refresh_token_expires_in: 8_726_400 }, 101 * day],
    ['refresh_expires_at in seconds', { refresh_expires_at: (start + 9 * day) / 1000 }, 9 * day],
    ['refresh_expires_at as a date', { refresh_expires_at: new Date(start + 9 * day).toISOString() }, 9 * day],
    ['refresh_token_expires_at', { refresh_token_expires_at: (start + 9 * day) / 1000 }, 9 * day],
    ['the exp of a JWT', { refresh_token: jwt({ exp: (start + 9 * day) / 1000 }) }, 9 * day],
    ['exp - iat of a JWT, on whatever clock', { refresh_token: jwt({ iat: 1000, exp: 1000 + 86_400 }) }, day],
    [
      'what the answer says before what the JWT does',
      { refresh_token: jwt({ exp: start }), refresh_expires_in: 60 },
      minute,
    ],
    [
      'nothing: of an offline token, which has no end',
      { refresh_expires_in: 0, refresh_token: jwt({ exp: 0 }) },
      undefined,
    ],
    ['nothing', {}, undefined],
  ])('%s', async (_name, members, ends) => {
    await using server = await startServer(members)
    const clock = createSimulatedClock({ now: start })
    const { session } = open(server, { clock, store: memoryStore() })
    await using _session = session
    await session.signIn(firstTokens)
    expect(session.getSnapshot().signInExpiresAt).toBeUndefined()
    await session.refresh()
    expect(session.getSnapshot().signInExpiresAt).toBe(ends === undefined ? undefined : start + ends)
  })

  test('what the app gives to `signIn`, and from a JWT there', async () => {
    await using server = await startServer({})
    const clock = createSimulatedClock({ now: start })
    const { session } = open(server, { clock, store: memoryStore() })
    await using _session = session
    await session.signIn({ ...firstTokens, signInExpiresIn: 600 })
    expect(session.getSnapshot().signInExpiresAt).toBe(start + 10 * minute)
    await session.signIn({ ...firstTokens, refreshToken: jwt({ exp: (start + hour) / 1000 }) })
    expect(session.getSnapshot().signInExpiresAt).toBe(start + hour)
  })

  test('a JWT that an app’s own refresh function repeats, as it was', async () => {
    const refreshToken = jwt({ iat: start / 1000, exp: (start + 10 * day) / 1000 })
    const clock = createSimulatedClock({ now: start })
    await using session = createSession({
      key: sessionKey,
      store: memoryStore(),
      runtime: { clock },
      grant: async () => ({ accessToken: 'access-1', refreshToken, expiresIn: 3600 }),
    })
    await session.signIn({ ...firstTokens, refreshToken })
    await pass(clock, 4 * day)
    await passTimeWhile(clock, session.refresh())
    expect(session.getSnapshot().signInExpiresAt).toBe(start + 10 * day)
  })

  test('a JWT that the server repeats does not last any longer for it', async () => {
    const refreshToken = jwt({ iat: start / 1000, exp: (start + 10 * day) / 1000 })
    await using server = await startServer({ refresh_token: refreshToken })
    const clock = createSimulatedClock({ now: start })
    const { session } = open(server, { clock, store: memoryStore() })
    await using _session = session
    await session.signIn({ ...firstTokens, refreshToken })
    await pass(clock, 4 * day)
    await passTimeWhile(clock, session.refresh())
    expect(session.getSnapshot().signInExpiresAt).toBe(start + 10 * day)
  })
})

describe('P91 the notice that the sign-in ends comes', () => {
  test.each([
    { name: 'a quarter of its time before', lasts: 8 * day, before: 2 * day },
    { name: 'a week before at most', lasts: 365 * day, before: 7 * day },
  ])('$name, once, to a session that nobody uses', async ({ lasts, before }) => {
    await using server = await startServer({})
    const clock = createSimulatedClock({ now: start })
    const { session, notices } = open(server, { clock, store: memoryStore() })
    await using _session = session
    await session.signIn({ ...firstTokens, signInExpiresIn: lasts / second })
    await pass(clock, lasts - before - minute)
    expect(noticesOf(notices, 'signInExpiring')).toEqual([])
    // It is looked for every few minutes.
    await clock.advance(6 * minute)
    const said = [{ type: 'signInExpiring', signInExpiresAt: start + lasts }]
    expect(noticesOf(notices, 'signInExpiring')).toEqual(said)
    await pass(clock, before / 2)
    expect(noticesOf(notices, 'signInExpiring')).toEqual(said)
  })

  test('at its time to a program that is started again, and at the start of one that comes later', async () => {
    await using server = await startServer({})
    const clock = createSimulatedClock({ now: start })
    const store = memoryStore()
    {
      await using session = open(server, { clock, store }).session
      await session.signIn({ ...firstTokens, signInExpiresIn: (8 * day) / second })
    }
    await pass(clock, 6 * day - minute)
    const said = [{ type: 'signInExpiring', signInExpiresAt: start + 8 * day }]
    {
      const { session, notices } = open(server, { clock, store })
      await using _session = session
      await session.ready
      expect(session.getSnapshot().signInExpiresAt).toBe(start + 8 * day)
      expect(noticesOf(notices, 'signInExpiring')).toEqual([])
      await clock.advance(6 * minute)
      expect(noticesOf(notices, 'signInExpiring')).toEqual(said)
    }
    const { session, notices } = open(server, { clock, store })
    await using _session = session
    await session.ready
    await pass(clock, hour)
    expect(noticesOf(notices, 'signInExpiring')).toEqual(said)
  })

  test.each([
    { name: 'a quarter of its time before', lasts: 8 * day, before: 2 * day },
    { name: 'a week before at most', lasts: 60 * day, before: 7 * day },
  ])('$name to programs of one refresh each, as pages are that are loaded anew', async ({ lasts, before }) => {
    await using server = await startServer({})
    const clock = createSimulatedClock({ now: start })
    const store = memoryStore()
    {
      await using session = open(server, { clock, store }).session
      await session.signIn({ ...firstTokens, signInExpiresIn: lasts / second })
    }
    const told: number[] = []
    for (let hours = 6; hours * hour < lasts - hour; hours += 6) {
      await clock.advance(start + hours * hour - clock.now())
      server.members = { expires_in: 300, refresh_expires_in: Math.floor((start + lasts - clock.now()) / second) }
      const { session, notices } = open(server, { clock, store })
      await using _session = session
      await passTimeWhile(clock, session.refresh())
      if (noticesOf(notices, 'signInExpiring').length > 0) told.push(hours * hour)
    }
    // Each of them tells its user.
    expect(told).toHaveLength(before / (6 * hour))
    expect(told[0]).toBe(lasts - before)
  })

  test('once, though each refresh in the last hours tells the same end a little otherwise', async () => {
    const ends = start + 10 * hour
    await using server = await startServer({})
    const clock = createSimulatedClock({ now: start })
    const { session, notices } = open(server, { clock, store: memoryStore() })
    await using _session = session
    await session.signIn({ ...firstTokens, expiresIn: 300, signInExpiresIn: (10 * hour) / second })
    // As Keycloak counts a session's longest time down: in whole seconds, from when the answer was made.
    while (clock.now() < ends - 10 * minute) {
      await passTime(clock, 5 * minute + 700, { session, stepMilliseconds: minute })
      const left = Math.floor((ends - clock.now()) / second)
      server.members = { expires_in: 300, refresh_expires_in: left }
      await passTimeWhile(clock, session.refresh())
    }
    expect(server.requests).toBeGreaterThan(100)
    await clock.advance(9 * minute)
    expect(noticesOf(notices, 'signInExpiring')).toHaveLength(1)
  })

  test('not while each refresh puts the end off, and again when nobody refreshes any more', async () => {
    await using server = await startServer({ refresh_expires_in: (8 * day) / second })
    const clock = createSimulatedClock({ now: start })
    const { session, notices } = open(server, { clock, store: memoryStore() })
    await using _session = session
    await session.signIn({ ...firstTokens, signInExpiresIn: (8 * day) / second })
    for (let days = 0; days < 20; days += 5) {
      await pass(clock, 5 * day)
      await passTimeWhile(clock, session.refresh())
    }
    expect(noticesOf(notices, 'signInExpiring')).toEqual([])
    await pass(clock, 7 * day)
    expect(noticesOf(notices, 'signInExpiring')).toHaveLength(1)
    await passTimeWhile(clock, session.refresh())
    await pass(clock, 7 * day)
    expect(noticesOf(notices, 'signInExpiring')).toHaveLength(2)
  })
})
