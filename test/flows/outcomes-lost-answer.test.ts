import { isRefreshUnavailableError, isSessionEndedError } from '@authchart/core'
import { createSimulatedClock } from '@authchart/core/testing'
import { type AuthorizationServer, startAuthorizationServer, tokenAnswers } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { collectNotices, noticesOf } from '../support/notices.ts'
import { passTimeWhile } from '../support/pass-time.ts'
import { openSession, openSignedInSession, sessionKey } from '../support/signed-in-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

const grace = 60_000

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

async function openOnSimulatedClock() {
  const clock = createSimulatedClock()
  const store = createTroubledStore()
  const session = await openSignedInSession(server, { runtime: { clock }, store })
  return { clock, store, session, notices: collectNotices(session) }
}

const endedAs = (reason: string) => (error: unknown) => isSessionEndedError(error) && error.reason === reason

test('an answer lost after a rotation is fetched by exactly one replay, where the server grants a grace', async () => {
  const { clock, session, notices } = await openOnSimulatedClock()
  await using _session = session
  server.faults.setGrace(grace)
  const fault = server.faults.dropAnswerAfterCommit()
  const startedAt = clock.now()
  const token = await passTimeWhile(clock, session.refresh())
  expect(fault.applied).toBe(1)
  expect(await server.findAccessToken(token.value)).toBeDefined()
  expect(server.counts).toMatchObject({ refreshes: 2, replays: 1, reuseDetected: 0 })
  expect(clock.now() - startedAt).toBeGreaterThanOrEqual(1_000)
  expect(noticesOf(notices, 'refreshed')).toHaveLength(1)
  expect(noticesOf(notices, 'refreshFailed')).toHaveLength(0)
})

test.each([
  ['an answer dropped', () => server.faults.dropAnswerAfterCommit()],
  ['an answer cut', () => server.faults.truncateAnswerAfterCommit()],
  ['a proxy’s 502 in its place', () => server.faults.answerWith(tokenAnswers.badGateway, { afterCommit: true })],
])(
  '%s after a rotation without a grace ends the session as rotationLost, after exactly one replay',
  async (_name, arm) => {
    const { clock, store, session, notices } = await openOnSimulatedClock()
    await using _session = session
    arm()
    await expect(passTimeWhile(clock, session.refresh())).rejects.toSatisfy(endedAs('rotationLost'))
    expect(server.counts).toMatchObject({ refreshes: 2, replays: 1, reuseDetected: 0 })
    expect(noticesOf(notices, 'ended')).toMatchObject([{ reason: 'rotationLost', serverCode: 'invalid_grant' }])
    expect((await store.peek(sessionKey))?.secrets?.tokenSet).not.toHaveProperty('refreshToken')
    // What is left of the access token is served.
    expect(session.getSnapshot().usable).toBe(true)
    await session.getAccessToken()
  },
)

test('a refusal of a token whose every request was answered is grantRejected', async () => {
  const { clock, session } = await openOnSimulatedClock()
  await using _session = session
  // Answered, and so not unknown: a firewall never lets a request through.
  server.faults.answerWith(tokenAnswers.htmlForbidden)
  await expect(session.refresh()).rejects.toSatisfy(isRefreshUnavailableError)
  server.faults.answerWith(tokenAnswers.invalidGrant)
  await clock.advance(1_000)
  await expect(session.refresh()).rejects.toSatisfy(endedAs('grantRejected'))
  expect(server.counts).toMatchObject({ refreshes: 2, replays: 0 })
})

test('a connection cut before the request was read costs one more request and nothing else', async () => {
  const { clock, session } = await openOnSimulatedClock()
  await using _session = session
  server.faults.cutConnectionBeforeCommit()
  await passTimeWhile(clock, session.refresh())
  expect(server.counts).toMatchObject({ refreshes: 2, refreshesIssued: 1, replays: 0, reuseDetected: 0 })
})

test('two lost answers leave the intent behind, for the next holder to know', async () => {
  const { clock, store, session } = await openOnSimulatedClock()
  server.faults.dropAnswerAfterCommit({ times: 2 })
  server.faults.setGrace(grace)
  await expect(passTimeWhile(clock, session.refresh())).rejects.toSatisfy(
    (error) => isRefreshUnavailableError(error) && error.code === 'unknownOutcome',
  )
  expect(server.counts.refreshes).toBe(2)
  expect((await store.peek(sessionKey))?.refreshIntent).toMatchObject({ outcomeUnknown: true })
  await session[Symbol.asyncDispose]()

  // This next request is itself the replay: when it stays without an answer too, none follows it at once.
  server.faults.dropAnswerAfterCommit()
  await using restarted = openSession(server, { runtime: { clock }, store })
  await expect(passTimeWhile(clock, restarted.refresh())).rejects.toSatisfy(isRefreshUnavailableError)
  expect(server.counts.refreshes).toBe(3)
  await passTimeWhile(clock, restarted.refresh())
  expect(server.counts).toMatchObject({ refreshes: 4, reuseDetected: 0 })
  expect(await store.peek(sessionKey)).not.toHaveProperty('refreshIntent')
})

test.each([
  ['a transient answer', tokenAnswers.htmlForbidden, isRefreshUnavailableError],
  ['a refusal of the client', tokenAnswers.invalidClient, endedAs('clientRejected')],
])(
  'an unknown outcome is not forgotten over %s: a later refusal is still rotationLost',
  async (_name, answer, isExpected) => {
    const { clock, session } = await openOnSimulatedClock()
    await using _session = session
    server.faults.dropAnswerAfterCommit({ times: 2 })
    server.faults.setGrace(grace)
    await expect(passTimeWhile(clock, session.refresh())).rejects.toSatisfy(isRefreshUnavailableError)
    server.faults.answerWith(answer)
    await expect(passTimeWhile(clock, session.refresh())).rejects.toSatisfy(isExpected)
    server.faults.setGrace(0)
    await expect(passTimeWhile(clock, session.refresh())).rejects.toSatisfy(endedAs('rotationLost'))
    expect(server.counts.refreshes).toBe(4)
  },
)

test('an unknown outcome is not forgotten when the session ends as unreachable', async () => {
  const clock = createSimulatedClock()
  await using session = await openSignedInSession(server, { runtime: { clock }, giveUpAfterMilliseconds: 30_000 })
  server.faults.dropAnswerAfterCommit({ times: 2 })
  await expect(passTimeWhile(clock, session.refresh())).rejects.toSatisfy(isRefreshUnavailableError)
  await clock.advance(40_000)
  await server.goDown()
  await expect(session.refresh()).rejects.toSatisfy(endedAs('unreachable'))
  await server.comeBack()
  await expect(passTimeWhile(clock, session.refresh())).rejects.toSatisfy(endedAs('rotationLost'))
  expect(server.counts.refreshes).toBe(3)
})
