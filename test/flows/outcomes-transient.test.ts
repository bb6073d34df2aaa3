import { isRefreshUnavailableError, isSessionEndedError, type TransientCode } from '@authchart/core'
import { createSimulatedClock } from '@authchart/core/testing'
import {
  type AuthorizationServer,
  type HttpAnswer,
  jsonAnswer,
  oauthError,
  startAuthorizationServer,
  tokenAnswers,
  withRetryAfter,
} from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { passTimeUntil, passTimeWhile } from '../support/pass-time.ts'
import { openSignedInSession, sessionKey } from '../support/signed-in-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

const always = { times: Number.POSITIVE_INFINITY }
/** An access token of an hour is due by then, and good for ten minutes more. */
const fiftyMinutes = 50 * 60_000

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
afterEach(async () => {
  server.faults.clear()
  await server.comeBack()
})
afterAll(() => server.close())

const answering = (answer: HttpAnswer) => () => void server.faults.answerWith(answer, always)

const passing: [name: string, code: TransientCode, arm: () => unknown][] = [
  ['a firewall’s HTML 403', 'blocked', answering(tokenAnswers.htmlForbidden)],
  ['a proxy’s HTML 401', 'blocked', answering(tokenAnswers.htmlUnauthorized)],
  ['an empty 401', 'blocked', answering(tokenAnswers.emptyUnauthorized)],
  ['an empty 403', 'blocked', answering(tokenAnswers.emptyForbidden)],
  ['a JSON array', 'refused', answering(tokenAnswers.jsonArrayUnauthorized)],
  ['RBAC: access denied', 'blocked', answering(tokenAnswers.rbacAccessDenied)],
  ['a redirect', 'blocked', answering(tokenAnswers.redirect)],
  ['a bare 400', 'refused', answering(tokenAnswers.bareBadRequest)],
  ['a 429', 'throttled', answering(tokenAnswers.throttled)],
  ['a 429 with invalid_grant', 'throttled', answering(tokenAnswers.throttledInvalidGrant)],
  ['a 503 with Retry-After', 'server', answering(withRetryAfter(tokenAnswers.unavailable, 1))],
  ['a 500 with invalid_grant', 'server', answering(tokenAnswers.internalServerError)],
  ['a 408', 'server', answering(tokenAnswers.requestTimeout)],
  ['a 425', 'server', answering(tokenAnswers.tooEarly)],
  ['temporarily_unavailable', 'server', answering(tokenAnswers.temporarilyUnavailable)],
  ['server_error', 'server', answering(tokenAnswers.serverError)],
  ['slow_down', 'server', answering(tokenAnswers.slowDown)],
  ['a 502', 'unknownOutcome', answering(tokenAnswers.badGateway)],
  ['a 504', 'unknownOutcome', answering(tokenAnswers.gatewayTimeout)],
  ['broken JSON', 'unknownOutcome', answering(tokenAnswers.brokenJson)],
  ['a 200 without access token', 'unknownOutcome', answering(tokenAnswers.withoutAccessToken)],
  ['a captive portal', 'unknownOutcome', answering(tokenAnswers.htmlSuccess)],
  ['a truncated answer', 'unknownOutcome', answering(tokenAnswers.truncated)],
  ['a reset connection', 'unknownOutcome', () => server.faults.cutConnectionBeforeCommit(always)],
  ['a refused connection', 'network', () => server.goDown()],
]

test.each(passing)(
  'P31 %s (%s) leaves the stored secrets byte for byte, and the token is served throughout',
  async (_name, code, arm) => {
    const clock = createSimulatedClock()
    const store = createTroubledStore()
    await using session = await openSignedInSession(server, { runtime: { clock }, store })
    const secretsAtSignIn = JSON.stringify((await store.peek(sessionKey))?.secrets)
    const { value } = await session.getAccessToken()
    await clock.advance(fiftyMinutes)
    await arm()

    const refresh = captureFailure(session.refresh())
    await passTimeUntil(
      clock,
      async () => {
        expect((await session.getAccessToken()).value).toBe(value)
        return refresh.error !== undefined
      },
      { description: 'the refresh to fail' },
    )
    expect(isRefreshUnavailableError(refresh.error) && refresh.error.code).toBe(code)
    expect(session.getSnapshot()).toMatchObject({ status: 'transientFailure', usable: true, code })
    expect((await session.getAccessToken()).value).toBe(value)
    expect(store.written.length).toBeGreaterThan(2)
    expect(new Set(store.written.map(({ secrets }) => JSON.stringify(secrets)))).toEqual(new Set([secretsAtSignIn]))

    server.faults.clear()
    await server.comeBack()
    await clock.advance(2_000)
    expect((await passTimeWhile(clock, session.refresh())).value).not.toBe(value)
    expect(server.counts.reuseDetected).toBe(0)
  },
)

function captureFailure(work: Promise<unknown>): { readonly error: unknown } {
  const captured: { error: unknown } = { error: undefined }
  work.catch((error: unknown) => {
    captured.error = error
  })
  return captured
}

const mentions: [name: string, answer: HttpAnswer, code: TransientCode][] = [
  ['a message', jsonAnswer(400, { message: 'invalid_grant' }), 'refused'],
  ['a description alone', jsonAnswer(400, { error_description: 'invalid_grant' }), 'refused'],
  ['a list of errors', jsonAnswer(400, { errors: [{ error: 'invalid_grant' }] }), 'refused'],
  ['a nested error', jsonAnswer(400, { detail: { error: 'invalid_grant' } }), 'refused'],
  ['another letter case', jsonAnswer(400, { Error: 'invalid_grant' }), 'refused'],
  ['a page', { status: 403, headers: { 'content-type': 'text/html' }, body: '<p>error=invalid_grant</p>' }, 'blocked'],
  ['plain text', { status: 401, headers: { 'content-type': 'text/plain' }, body: 'invalid_grant' }, 'blocked'],
  ['a challenge', { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_grant"' } }, 'blocked'],
  [
    'the description of another code',
    oauthError('temporarily_unavailable', { description: 'invalid_grant, says the database' }),
    'server',
  ],
]

test.each(mentions)('P32 invalid_grant in %s ends nothing', async (_name, answer, code) => {
  await using session = await openSignedInSession(server)
  server.faults.answerWith(answer)
  await expect(session.refresh()).rejects.toSatisfy((error) => isRefreshUnavailableError(error) && error.code === code)
  expect(session.getSnapshot().status).toBe('transientFailure')
})

test('P32 an error member ends the session whatever its description says', async () => {
  await using session = await openSignedInSession(server)
  server.faults.answerWith(oauthError('invalid_grant', { description: 'temporarily_unavailable, try again later' }))
  await expect(session.refresh()).rejects.toSatisfy(
    (error) => isSessionEndedError(error) && error.reason === 'grantRejected' && error.serverCode === 'invalid_grant',
  )
})

test('P32 a code that merely contains invalid_grant is another code', async () => {
  const store = createTroubledStore()
  await using session = await openSignedInSession(server, { store })
  server.faults.answerWith(oauthError('not_invalid_grant_at_all'))
  await expect(session.refresh()).rejects.toSatisfy(
    (error) => isRefreshUnavailableError(error) && error.code === 'refused',
  )
  expect((await store.peek(sessionKey))?.secrets?.tokenSet.refreshToken).toBeDefined()
})
