import { isRefreshUnavailableError, isSessionEndedError, type Session, type SessionNotice } from '@authchart/core'
import type { SessionRecord } from '@authchart/core/store'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import {
  type AuthorizationServer,
  type HttpAnswer,
  jsonAnswer,
  oauthError,
  startAuthorizationServer,
  tokenAnswers,
  withMembers,
  withoutMembers,
  withRetryAfter,
} from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createIdToken } from '../support/id-tokens.ts'
import { collectNotices, typesOf } from '../support/notices.ts'
import { passTimeWhile } from '../support/pass-time.ts'
import { openSignedInSession } from '../support/signed-in-session.ts'
import { readRecord } from '../support/stored-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

const always = { times: Number.POSITIVE_INFINITY }
/** A whole second, since a date in a header knows no less. */
const now = 1_900_000_000_000
const twoMinutes = 120_000

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
beforeEach(() => server.resetCounts())
afterEach(() => server.faults.clear())
afterAll(() => server.close())

/** A refresh that has come to its end, seen from every side. */
interface Aftermath {
  readonly clock: SimulatedClock
  readonly session: Session
  readonly before: SessionRecord
  readonly record: SessionRecord
  readonly error: unknown
  readonly value: string | undefined
  readonly notices: readonly SessionNotice[]
}

/** Signs in, refreshes, and lets time pass only where a lost answer makes the session wait for its one replay. */
async function refreshOnce(
  check: (aftermath: Aftermath) => void | Promise<void>,
  { isReplayed = false }: { isReplayed?: boolean } = {},
): Promise<void> {
  const clock = createSimulatedClock({ now })
  const store = createTroubledStore()
  await using session = await openSignedInSession(server, { runtime: { clock, random: () => 0 }, store })
  const before = await readRecord(store)
  const notices = collectNotices(session)
  let error: unknown
  const refresh = session.refresh()
  const token = await (isReplayed ? passTimeWhile(clock, refresh) : refresh).catch((thrown: unknown) => {
    error = thrown
  })
  const record = await readRecord(store)
  await check({ clock, session, before, record, error, value: token?.value, notices })
}

const answering = (answer: HttpAnswer) => () => void server.faults.answerWith(answer, always)

interface TransientRow {
  readonly name: string
  readonly code: string
  readonly arm: () => unknown
  /** Token requests in all; 2 where the first left the outcome unknown. */
  readonly requests: 1 | 2
  readonly intent: 'cleared' | 'kept'
  /** When the server asked for patience: for how long, in milliseconds. */
  readonly cooldown?: number
}

function transient(name: string, code: string, row: Pick<TransientRow, 'arm'> & Partial<TransientRow>): TransientRow {
  return { name, code, requests: 1, intent: 'cleared', ...row }
}

const blocked: TransientRow[] = (
  [
    ['an HTML 403', tokenAnswers.htmlForbidden],
    ['an HTML 401', tokenAnswers.htmlUnauthorized],
    ['an empty 401', tokenAnswers.emptyUnauthorized],
    ['an empty 403', tokenAnswers.emptyForbidden],
    ['403 RBAC: access denied', tokenAnswers.rbacAccessDenied],
    ['a 302', tokenAnswers.redirect],
    ['a bare 404', { status: 404 }],
    ['a 404 with invalid_grant', oauthError('invalid_grant', { status: 404 })],
    ['a truncated invalid_grant', { ...tokenAnswers.invalidGrant, truncated: true }],
  ] as [string, HttpAnswer][]
).map(([name, answer]) => transient(name, 'blocked', { arm: answering(answer) }))

const refused: TransientRow[] = (
  [
    ['a bare 400', tokenAnswers.bareBadRequest],
    ['a word that is not known', oauthError('made_up')],
    ['access_denied under a 200', oauthError('access_denied', { status: 200 })],
    ['a JSON array with 401', tokenAnswers.jsonArrayUnauthorized],
    ['an empty text as error', oauthError('')],
    ['a message of a gateway', jsonAnswer(403, { message: 'Forbidden' })],
    ['a proof that did not convince', oauthError('invalid_dpop_proof')],
  ] as [string, HttpAnswer][]
).map(([name, answer]) => transient(name, 'refused', { arm: answering(answer) }))

const transientRows: TransientRow[] = [
  ...blocked,
  ...refused,
  transient('a 307 that leads to a token endpoint', 'blocked', {
    arm: () => server.faults.answerWith({ status: 307, headers: { location: server.tokenEndpoint } }),
  }),
  transient('an HTML 403 with Retry-After', 'blocked', {
    arm: answering(withRetryAfter(tokenAnswers.htmlForbidden, 120)),
    cooldown: twoMinutes,
  }),
  transient('a 429', 'throttled', { arm: answering(tokenAnswers.throttled) }),
  transient('a 429 with invalid_grant', 'throttled', { arm: answering(tokenAnswers.throttledInvalidGrant) }),
  transient('a 429 with Retry-After', 'throttled', {
    arm: answering(withRetryAfter(tokenAnswers.throttled, 120)),
    cooldown: twoMinutes,
  }),
  transient('a 503', 'server', { arm: answering(tokenAnswers.unavailable), intent: 'kept' }),
  transient('a 503 with Retry-After in seconds', 'server', {
    arm: answering(withRetryAfter(tokenAnswers.unavailable, 120)),
    cooldown: twoMinutes,
    intent: 'kept',
  }),
  transient('a 503 with Retry-After as a date', 'server', {
    arm: answering(withRetryAfter(tokenAnswers.unavailable, new Date(now + twoMinutes), new Date(now))),
    cooldown: twoMinutes,
    intent: 'kept',
  }),
  transient('a 503 with a Retry-After of a month', 'server', {
    arm: answering(withRetryAfter(tokenAnswers.unavailable, 30 * 24 * 3600)),
    cooldown: 3_600_000,
    intent: 'kept',
  }),
  transient('a 500 with invalid_grant', 'server', {
    arm: answering(tokenAnswers.internalServerError),
    intent: 'kept',
  }),
  transient('a 408', 'server', { arm: answering(tokenAnswers.requestTimeout), intent: 'kept' }),
  transient('a 425', 'server', { arm: answering(tokenAnswers.tooEarly), intent: 'kept' }),
  transient('temporarily_unavailable', 'server', { arm: answering(tokenAnswers.temporarilyUnavailable) }),
  transient('server_error', 'server', { arm: answering(tokenAnswers.serverError) }),
  transient('slow_down with Retry-After', 'server', {
    arm: answering(withRetryAfter(tokenAnswers.slowDown, 120)),
    cooldown: twoMinutes,
  }),
  transient('a 502 with Retry-After', 'unknownOutcome', {
    arm: answering(withRetryAfter(tokenAnswers.badGateway, 120)),
    cooldown: twoMinutes,
    intent: 'kept',
  }),
  ...(
    [
      ['a 502', answering(tokenAnswers.badGateway)],
      ['a 504', answering(tokenAnswers.gatewayTimeout)],
      ['a 200 with broken JSON', answering(tokenAnswers.brokenJson)],
      ['an empty 200', answering(tokenAnswers.emptySuccess)],
      ['a 204', answering({ status: 204 })],
      ['an HTML 200', answering(tokenAnswers.htmlSuccess)],
      ['a 200 without access_token', answering(tokenAnswers.withoutAccessToken)],
      ['a 200 whose access_token no header can carry', answering(jsonAnswer(200, { access_token: 'a\nb' }))],
      ['a truncated 200', answering(tokenAnswers.truncated)],
      ['a reset before the request was read', () => server.faults.cutConnectionBeforeCommit(always)],
      ['a reset after it was processed', () => server.faults.dropAnswerAfterCommit(always)],
    ] as [string, () => unknown][]
  ).map(([name, arm]) => transient(name, 'unknownOutcome', { arm, requests: 2, intent: 'kept' })),
]

describe('P30 an answer that passes', () => {
  test.each(transientRows)('P30 $name: $code, after $requests request(s), intent $intent', async (row) => {
    row.arm()
    const check = ({ clock, session, before, record, error, notices }: Aftermath) => {
      expect(isRefreshUnavailableError(error) && error.code).toBe(row.code)
      expect(session.getSnapshot()).toMatchObject({ status: 'transientFailure', code: row.code, usable: true })
      expect(session.getSnapshot().reason).toBeUndefined()
      expect(typesOf(notices)).toEqual(['refreshFailed'])
      expect(server.counts.refreshes).toBe(row.requests)

      expect(record).toMatchObject({ status: 'signedIn', secrets: before.secrets, generation: before.generation })
      expect(record.refreshIntent !== undefined).toBe(row.intent === 'kept')
      if (row.intent === 'kept') expect(record.refreshIntent?.outcomeUnknown).toBe(true)
      const cooldownUntil = row.cooldown === undefined ? undefined : now + row.cooldown
      expect(record.serverCooldownUntil).toBe(cooldownUntil)
      const { retryAt = 0 } = session.getSnapshot()
      expect(retryAt).toBe(cooldownUntil ?? record.backoffUntil)
      expect(isRefreshUnavailableError(error) && error.retryAt).toBe(retryAt)
      expect(retryAt).toBeGreaterThan(clock.now())
    }
    await refreshOnce(check, { isReplayed: row.requests === 2 })
  })
})

interface EndRow {
  readonly name: string
  readonly answer: HttpAnswer
  readonly reason: string
  readonly serverCode?: string
  readonly refreshToken: 'erased' | 'kept'
}

/** Refused for good, and the refresh token may serve again. */
const liftable = ['interaction_required', 'login_required', 'consent_required', 'an object as error']

const endRows: EndRow[] = [
  ['invalid_grant', tokenAnswers.invalidGrant, 'grantRejected'],
  ['a form-encoded invalid_grant', tokenAnswers.formEncodedInvalidGrant, 'grantRejected', 'invalid_grant'],
  ['invalid_grant under a wrong type', tokenAnswers.invalidGrantAsHtml, 'grantRejected', 'invalid_grant'],
  ['invalid_grant in a 401', oauthError('invalid_grant', { status: 401 }), 'grantRejected', 'invalid_grant'],
  ['invalid_grant behind a challenge', challenged('invalid_grant'), 'grantRejected', 'invalid_grant'],
  ['interaction_required', tokenAnswers.interactionRequired, 'grantRejected'],
  ['login_required', oauthError('login_required'), 'grantRejected'],
  ['consent_required', oauthError('consent_required'), 'grantRejected'],
  ['invalid_client', tokenAnswers.invalidClient, 'clientRejected'],
  ['invalid_client, no challenge', tokenAnswers.invalidClientWithoutChallenge, 'clientRejected', 'invalid_client'],
  ['unauthorized_client', tokenAnswers.unauthorizedClient, 'clientRejected'],
  ['unsupported_grant_type', tokenAnswers.unsupportedGrantType, 'clientRejected'],
  ['invalid_scope', tokenAnswers.invalidScope, 'clientRejected'],
  ['invalid_target', tokenAnswers.invalidTarget, 'clientRejected'],
  ['invalid_request', tokenAnswers.invalidRequest, 'requestRejected'],
  ['bad_refresh_token', oauthError('bad_refresh_token'), 'grantRejected'],
  ['a 200 with error', tokenAnswers.successWithError, 'grantRejected', 'bad_refresh_token'],
  ['a 201 with invalid_grant', oauthError('invalid_grant', { status: 201 }), 'grantRejected', 'invalid_grant'],
  ['an object as error', tokenAnswers.errorIsObject, 'grantRejected', 'invalid_grant'],
].map((row) => {
  const [name, answer, reason, serverCode = name] = row as [string, HttpAnswer, string, string?]
  const isErased = reason === 'grantRejected' && !liftable.includes(name)
  return { name, answer, reason, serverCode, refreshToken: isErased ? 'erased' : 'kept' }
})

function challenged(error: string): HttpAnswer {
  return oauthError(error, { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
}

describe('P30 an answer that is final', () => {
  test.each(endRows)('P30 $name: $reason, after one request, refresh token $refreshToken', async (row) => {
    const { answer, reason, serverCode } = row
    server.faults.answerWith(answer)
    await refreshOnce(async ({ session, before, record, error, notices }) => {
      expect(isSessionEndedError(error) && error).toMatchObject({ reason, serverCode, endedAt: now })
      expect(session.getSnapshot()).toMatchObject({ status: 'invalidated', reason, serverCode, usable: true })
      expect(session.getSnapshot().code).toBeUndefined()
      expect(notices).toMatchObject([{ type: 'ended', reason, serverCode, advice: expect.any(String) }])
      if (reason === 'clientRejected') expect(notices).toMatchObject([{ clientId: server.publicClient.id }])

      expect(record).toMatchObject({ status: 'ended', end: { reason, serverCode, endedAt: now } })
      expect(record.refreshIntent).toBeUndefined()
      const { refreshToken, ...remaining } = before.secrets?.tokenSet ?? { accessToken: '' }
      expect(record.secrets?.tokenSet).toEqual(
        row.refreshToken === 'erased' ? remaining : { ...remaining, refreshToken },
      )

      // What is left of the access token is served, and nothing more is asked of the server.
      expect((await session.getAccessToken()).value).toBe(remaining.accessToken)
      expect(server.counts.refreshes).toBe(1)
    })
  })
})

interface IssuedRow {
  readonly name: string
  readonly arm: () => unknown
  readonly refreshToken: 'rotated' | 'kept'
  readonly lifetime: 'an hour' | 'until rejected'
}

function issued(name: string, arm: () => unknown, row: Partial<IssuedRow> = {}): IssuedRow {
  return { name, arm, refreshToken: 'rotated', lifetime: 'an hour', ...row }
}

const issuedRows: IssuedRow[] = [
  issued('a 201', () => server.faults.alterAnswer((members) => members, { status: 201 })),
  issued('no refresh_token', () => server.faults.alterAnswer(withoutMembers('refresh_token'), { rotates: false }), {
    refreshToken: 'kept',
  }),
  issued('no expires_in', () => server.faults.alterAnswer(withoutMembers('expires_in')), {
    lifetime: 'until rejected',
  }),
  issued('no token_type', () => server.faults.alterAnswer(withoutMembers('token_type'))),
  issued('an id token that has expired', () => server.faults.alterAnswer(withMembers({ id_token: expiredIdToken() }))),
  issued('an id token that is none', () => server.faults.alterAnswer(withMembers({ id_token: 'none' }))),
]

function expiredIdToken(): string {
  return createIdToken({ iss: server.issuer, sub: 'alice', aud: server.publicClient.id, iat: 1, exp: 2 })
}

describe('P30 an answer with tokens', () => {
  test.each(issuedRows)('P30 $name: stored, served, refresh token $refreshToken, good for $lifetime', async (row) => {
    row.arm()
    await refreshOnce(({ session, before, record, error, value, notices }) => {
      expect(error).toBeUndefined()
      expect(value).toBe(record.secrets?.tokenSet.accessToken)
      expect(value).not.toBe(before.secrets?.tokenSet.accessToken)
      expect(session.getSnapshot()).toMatchObject({ status: 'fresh', usable: true })
      expect(session.getSnapshot().expiresAt).toBe(row.lifetime === 'an hour' ? now + 3_600_000 : undefined)
      expect(typesOf(notices)).toEqual(['refreshed'])
      expect(record).toMatchObject({ status: 'signedIn', secrets: { tokenSet: { tokenType: 'Bearer' } } })
      expect(record.secrets?.tokenSet.idToken).toBeDefined()
      expect(record.refreshIntent).toBeUndefined()
      const isKept = record.secrets?.tokenSet.refreshToken === before.secrets?.tokenSet.refreshToken
      expect(isKept).toBe(row.refreshToken === 'kept')
      expect(server.counts).toMatchObject({ refreshes: 1, reuseDetected: 0 })
    })
  })
})
