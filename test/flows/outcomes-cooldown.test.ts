import { isRefreshUnavailableError } from '@authchart/core'
import { createSimulatedClock } from '@authchart/core/testing'
import {
  type AuthorizationServer,
  startAuthorizationServer,
  tokenAnswers,
  withRetryAfter,
} from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createDevice } from '../support/device.ts'
import { eventually } from '../support/eventually.ts'
import { openSession, openSignedInSession } from '../support/signed-in-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

const hour = 60 * 60_000
const cooldownSeconds = 120
/** A whole second, since a date in a header knows no less. */
const start = 1_900_000_000_000

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
afterEach(() => server.faults.clear())
afterAll(() => server.close())

/** A date as an answer has it, and the one after which it is to be asked again. */
function byClock(now: number): { retryAfter: Date; date: Date } {
  return { retryAfter: new Date(now + cooldownSeconds * 1000), date: new Date(now) }
}

test.each([
  { form: 'seconds', retryAfter: cooldownSeconds, date: undefined },
  { form: 'a date', ...byClock(start + hour) },
  { form: 'a date of a server whose clock is a day behind', ...byClock(start - 23 * hour) },
  { form: 'a date of a server whose clock is a day ahead', ...byClock(start + 25 * hour) },
])('P38 Retry-After in $form binds every session on the store, and a restart', async ({ retryAfter, date }) => {
  const clock = createSimulatedClock({ now: start })
  const store = createTroubledStore()
  const device = createDevice()
  const shared = { store, runtime: { clock, environment: device.environment }, maximumWaitMilliseconds: 0 }
  await using first = await openSignedInSession(server, shared)
  await using second = openSession(server, { ...shared, refreshTiming: 'eager' })
  await second.ready
  server.resetCounts()
  server.faults.answerWith(withRetryAfter(tokenAnswers.throttled, retryAfter, date))
  // Asleep for an hour: the second session's timers do not fire, or it would be the one to ask.
  clock.sleep(hour)
  const retryAt = start + hour + cooldownSeconds * 1000
  const isCooldown = (error: unknown) =>
    isRefreshUnavailableError(error) && error.code === 'throttled' && error.retryAt === retryAt
  await expect(first.getAccessToken()).rejects.toSatisfy(isCooldown)
  expect(server.counts.refreshes).toBe(1)

  await using restarted = openSession(server, shared)
  await using eager = openSession(server, { ...shared, refreshTiming: 'eager' })
  const sessions = [first, second, restarted, eager]
  async function expectPatience() {
    for (const session of sessions) {
      await expect(session.getAccessToken()).rejects.toSatisfy(isCooldown)
      await expect(session.refresh()).rejects.toSatisfy(isCooldown)
    }
    device.tell('resumed')
    device.tell('online')
    await clock.advance(0)
    await eventually(() => sessions.every((session) => session.getSnapshot().status === 'transientFailure'), {
      description: 'all sessions to wait',
    })
    for (const session of sessions) expect(session.getSnapshot()).toMatchObject({ code: 'throttled', retryAt })
    expect(server.counts.refreshes).toBe(1)
  }
  await expectPatience()
  await clock.advance(retryAt - 1 - clock.now())
  await expectPatience()

  await clock.advance(1)
  const tokens = await Promise.all(sessions.map((session) => session.getAccessToken()))
  expect(new Set(tokens.map(({ value }) => value)).size).toBe(1)
  expect(server.counts.refreshes).toBe(2)
})

test('P38 a server that asks for more than an hour is asked again after an hour', async () => {
  const clock = createSimulatedClock()
  await using session = await openSignedInSession(server, { runtime: { clock } })
  server.faults.answerWith(withRetryAfter(tokenAnswers.unavailable, 7 * 24 * 3600))
  await expect(session.refresh()).rejects.toSatisfy(
    (error) => isRefreshUnavailableError(error) && error.retryAt === clock.now() + hour,
  )
})
