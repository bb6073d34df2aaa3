import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TokenEndpointAnswer, TokenEndpointFailure } from '../token/grant.ts'
import {
  applyFailureOverride,
  classifyTokenEndpointFailure,
  type TokenEndpointVerdict,
} from './classify-token-endpoint.ts'

const now = 784_111_777_000
const hour = 3_600_000

const unknown: TokenEndpointVerdict = { kind: 'unknown' }
const throttled: TokenEndpointVerdict = { kind: 'transient', code: 'throttled', mayHaveCommitted: false }
const blocked: TokenEndpointVerdict = { kind: 'transient', code: 'blocked', mayHaveCommitted: false }
const bare: TokenEndpointVerdict = { ...blocked, withoutReason: true }
/** The server refused to do anything just now. */
const trouble: TokenEndpointVerdict = { kind: 'transient', code: 'server', mayHaveCommitted: false }
/** The server failed, perhaps after it had rotated. */
const failed: TokenEndpointVerdict = { kind: 'transient', code: 'server', mayHaveCommitted: true }

function ended(reason: 'grantRejected' | 'requestRejected' | 'clientRejected', serverCode?: string) {
  const eraseRefreshToken = reason === 'grantRejected'
  return { kind: 'ended', reason, eraseRefreshToken, ...(serverCode === undefined ? {} : { serverCode }) } as const
}

function answer(status: number, body?: Record<string, unknown>, more: Partial<TokenEndpointAnswer> = {}) {
  return { kind: 'answer', status, complete: true, ...(body === undefined ? {} : { body }), ...more } as const
}

function classify(failure: TokenEndpointFailure): TokenEndpointVerdict {
  return classifyTokenEndpointFailure(failure, now)
}

const grantCodes = ['invalid_grant', 'interaction_required', 'login_required', 'consent_required']
const clientCodes = [
  ...['invalid_client', 'unauthorized_client', 'unsupported_grant_type', 'invalid_scope', 'invalid_target'],
]
const requestCodes = ['invalid_request', 'access_denied', 'authorization_pending', 'made up', 'Invalid_Grant']
const troubleCodes = ['temporarily_unavailable', 'server_error', 'slow_down', 'use_dpop_nonce']
const refusalStatuses = [300, 302, 400, 401, 403, 404, 422, 499]

describe('P30 an error code', () => {
  test.each(grantCodes)('%s ends the grant and erases the refresh token, whatever the 3xx or 4xx', (error) => {
    for (const status of refusalStatuses) {
      expect(classify(answer(status, { error }))).toStrictEqual(ended('grantRejected', error))
    }
  })

  test.each(clientCodes)('%s is for the operator, and the refresh token is kept', (error) => {
    for (const status of refusalStatuses) {
      expect(classify(answer(status, { error }))).toStrictEqual(ended('clientRejected', error))
    }
  })

  test.each(requestCodes)('%s ends as requestRejected, and the refresh token is kept', (error) => {
    for (const status of [...refusalStatuses, 200]) {
      expect(classify(answer(status, { error }))).toStrictEqual(ended('requestRejected', error))
    }
  })

  test.each(troubleCodes)('%s is transient, whatever the 2xx, 3xx or 4xx', (error) => {
    for (const status of [...refusalStatuses, 200]) {
      expect(classify(answer(status, { error }))).toStrictEqual(trouble)
    }
  })

  test.each([...grantCodes, ...clientCodes])(
    '%s under a 2xx ends as requestRejected, the refresh token kept',
    (error) => {
      for (const status of [200, 201, 204, 299]) {
        expect(classify(answer(status, { error }))).toStrictEqual(ended('requestRejected', error))
      }
    },
  )

  test.each([...grantCodes, ...clientCodes, ...requestCodes, ...troubleCodes])(
    '%s does not matter under a status that is about the server itself',
    (error) => {
      expect(classify(answer(429, { error }))).toStrictEqual(throttled)
      for (const status of [408, 425, 500, 501, 503, 599]) {
        expect(classify(answer(status, { error }))).toStrictEqual(failed)
      }
      for (const status of [502, 504]) expect(classify(answer(status, { error }))).toStrictEqual(unknown)
    },
  )

  test.each([
    ['a description', { error_description: 'invalid_grant', message: '"error":"invalid_grant"' }],
    ['an object', { error: { code: 'invalid_grant' } }],
    ['an array', { error: ['invalid_grant'] }],
    ['a number', { error: 400 }],
    ['null', { error: null }],
    ['an empty string', { error: '' }],
    ['an inherited member', Object.create({ error: 'invalid_grant' })],
  ])('P32 is not read from %s', (_where, body) => {
    expect(classify(answer(400, body))).toStrictEqual(bare)
    expect(classify(answer(401, body))).toStrictEqual(blocked)
    expect(classify(answer(200, body))).toStrictEqual(unknown)
  })

  test('P32 is not found inside another one', () => {
    expect(classify(answer(400, { error: 'not invalid_grant' }))).toMatchObject({ reason: 'requestRejected' })
  })

  test.each(['a'.repeat(101), 'tab\there', 'ünknown', 'a\nb'])('that cannot be shown is left out: %j', (error) => {
    expect(classify(answer(400, { error }))).toStrictEqual(ended('requestRejected'))
  })
})

describe('P30 an answer without an error code', () => {
  test.each([
    { status: 429, expected: throttled },
    { status: 408, expected: failed },
    { status: 425, expected: failed },
    { status: 500, expected: failed },
    { status: 501, expected: failed },
    { status: 502, expected: unknown },
    { status: 503, expected: failed },
    { status: 504, expected: unknown },
    { status: 505, expected: failed },
    { status: 200, expected: unknown },
    { status: 201, expected: unknown },
    { status: 204, expected: unknown },
    { status: 301, expected: blocked },
    { status: 302, expected: blocked },
    { status: 307, expected: blocked },
    { status: 0, expected: blocked },
    { status: 400, expected: bare },
    { status: 401, expected: blocked },
    { status: 403, expected: blocked },
    { status: 404, expected: blocked },
    { status: 407, expected: blocked },
    { status: 499, expected: blocked },
  ])('$status is $expected', ({ status, expected }) => {
    expect(classify(answer(status))).toStrictEqual(expected)
    expect(classify(answer(status, {}))).toStrictEqual(expected)
    expect(classify(answer(status, { message: 'RBAC: access denied' }))).toStrictEqual(expected)
  })

  test.each([
    { status: 200, expected: unknown },
    { status: 400, expected: blocked },
    { status: 403, expected: blocked },
    { status: 429, expected: throttled },
    { status: 500, expected: failed },
    { status: 502, expected: unknown },
  ])('whose body was cut is judged by its status alone: $status', ({ status, expected }) => {
    expect(classify(answer(status, undefined, { complete: false }))).toStrictEqual(expected)
    expect(classify(answer(status, { error: 'invalid_gr' }, { complete: false }))).toStrictEqual(expected)
  })
})

describe('Retry-After', () => {
  const wish = { retryAfter: '120' }
  const retryAt = now + 120_000

  test.each([
    { status: 429, expected: throttled },
    { status: 503, expected: failed },
    { status: 408, expected: failed },
    { status: 502, expected: unknown },
    { status: 200, expected: unknown },
    { status: 400, expected: bare },
    { status: 403, expected: blocked },
    { status: 302, expected: blocked },
  ])('is kept wherever it comes: $status', ({ status, expected }) => {
    expect(classify(answer(status, undefined, wish))).toStrictEqual({ ...expected, retryAt })
  })

  test.each(troubleCodes)('is kept beside %s', (error) => {
    expect(classify(answer(400, { error }, wish))).toStrictEqual({ ...trouble, retryAt })
  })

  test('as a date says the same', () => {
    const retryAfter = 'Sun, 06 Nov 1994 08:51:37 GMT'
    expect(classify(answer(503, undefined, { retryAfter }))).toStrictEqual({ ...failed, retryAt })
  })

  test('is capped at an hour', () => {
    expect(classify(answer(503, undefined, { retryAfter: '86400' }))).toStrictEqual({ ...failed, retryAt: now + hour })
  })

  test.each(['', 'soon', '-1', '1.5'])('that is malformed counts for nothing: %j', (retryAfter) => {
    expect(classify(answer(503, undefined, { retryAfter }))).toStrictEqual(failed)
    expect(classify(answer(400, { error: 'too_fast' }, { retryAfter }))).toStrictEqual(
      ended('requestRejected', 'too_fast'),
    )
  })

  test.each(requestCodes)('saves a session from %s, which says nothing certain', (error) => {
    expect(classify(answer(400, { error }, wish))).toStrictEqual({ ...trouble, retryAt })
    expect(classify(answer(200, { error }, wish))).toStrictEqual({ ...trouble, retryAt })
  })

  test.each(grantCodes)('does not revive a grant that was refused with %s', (error) => {
    expect(classify(answer(400, { error }, wish))).toStrictEqual({ ...ended('grantRejected', error), retryAt })
  })

  test.each([...grantCodes, ...clientCodes])('saves a session from %s under a 2xx, which no RFC knows', (error) => {
    expect(classify(answer(200, { error }, wish))).toStrictEqual({ ...trouble, retryAt })
  })

  test.each(clientCodes)('does not revive a client that was refused with %s', (error) => {
    expect(classify(answer(401, { error }, wish))).toStrictEqual({ ...ended('clientRejected', error), retryAt })
  })
})

describe('P30 without an answer', () => {
  test.each<{ failure: TokenEndpointFailure; expected: TokenEndpointVerdict }>([
    {
      failure: { kind: 'transport', sent: 'no', code: 'ECONNREFUSED' },
      expected: { kind: 'transient', code: 'network', mayHaveCommitted: false },
    },
    { failure: { kind: 'transport', sent: 'unknown', code: 'ECONNRESET' }, expected: unknown },
    { failure: { kind: 'transport', sent: 'unknown' }, expected: unknown },
    { failure: { kind: 'offline' }, expected: { kind: 'transient', code: 'offline', mayHaveCommitted: false } },
  ])('$failure is $expected', ({ failure, expected }) => {
    expect(classify(failure)).toStrictEqual(expected)
  })
})

describe("an app's own refresh function", () => {
  test('that says rejected ends the grant', () => {
    expect(classify({ kind: 'rejected' })).toStrictEqual(ended('grantRejected'))
    expect(classify({ kind: 'rejected', serverCode: 'gone' })).toStrictEqual(ended('grantRejected', 'gone'))
  })

  test.each([
    { said: 'network', code: 'network', mayHaveCommitted: false },
    { said: 'throttled', code: 'throttled', mayHaveCommitted: false },
    { said: 'blocked', code: 'blocked', mayHaveCommitted: false },
    { said: 'server', code: 'server', mayHaveCommitted: true },
    { said: 'timeout', code: 'timeout', mayHaveCommitted: true },
    { said: 'unknownOutcome', code: 'unknownOutcome', mayHaveCommitted: true },
    { said: 'made up', code: 'server', mayHaveCommitted: true },
    { said: 'toString', code: 'server', mayHaveCommitted: true },
  ])('that says unavailable because of $said is transient: $code', ({ said, code, mayHaveCommitted }) => {
    expect(classify({ kind: 'unavailable', code: said })).toStrictEqual({ kind: 'transient', code, mayHaveCommitted })
  })

  test.each([
    { said: now + 5000, retryAt: now + 5000 },
    { said: now - 5000, retryAt: now },
    { said: now + 2 * hour, retryAt: now + hour },
  ])('that names a time is bound to an hour: $said', ({ said, retryAt }) => {
    expect(classify({ kind: 'unavailable', code: 'throttled', retryAt: said })).toStrictEqual({ ...throttled, retryAt })
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('that names no real time names none: %s', (said) => {
    expect(classify({ kind: 'unavailable', code: 'throttled', retryAt: said })).toStrictEqual(throttled)
  })
})

test("metadata that cannot be had leaves no doubt about a commit, and its server's Retry-After counts", () => {
  const failure = { kind: 'unavailable', sent: 'no', code: 'server', retryAfter: '7' } as const
  const retryAt = now + 7000
  expect(classify(failure)).toStrictEqual({ kind: 'transient', code: 'server', retryAt, mayHaveCommitted: false })
})

describe("an app's classifyFailure", () => {
  const end = ended('grantRejected', 'invalid_grant')

  test.each([end, ended('clientRejected'), throttled, bare, failed, unknown])(
    'that says nothing changes nothing about %j',
    (verdict) => {
      expect(applyFailureOverride(verdict, undefined)).toBe(verdict)
    },
  )

  test.each([throttled, bare, failed, unknown])(
    'ends what was not ended, and the refresh token is kept: %j',
    (verdict) => {
      expect(applyFailureOverride(verdict, 'ended')).toStrictEqual(ended('requestRejected'))
    },
  )

  test('leaves an end its reason', () => {
    expect(applyFailureOverride(end, 'ended')).toBe(end)
  })

  test('saves a session from ending, and then what the server asked for counts', () => {
    expect(applyFailureOverride(end, 'transient')).toStrictEqual(trouble)
    expect(applyFailureOverride({ ...end, retryAt: now + 1 }, 'transient')).toStrictEqual({
      ...trouble,
      retryAt: now + 1,
    })
  })

  test.each([throttled, bare, failed, unknown])('leaves what is transient or unknown as it is: %j', (verdict) => {
    expect(applyFailureOverride(verdict, 'transient')).toBe(verdict)
  })
})

test('only a refusal in words ends a session, whatever the answer is', () => {
  const body = fc.option(fc.dictionary(fc.constantFrom('error', 'message', 'error_description'), fc.jsonValue()), {
    nil: undefined,
  })
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), body, fc.boolean(), (status, members, complete) => {
      const verdict = classify(answer(status, members, { complete }))
      if (verdict.kind !== 'ended') return
      expect(complete).toBe(true)
      expect(typeof members?.error).toBe('string')
      expect(status === 408 || status === 425 || status === 429 || status >= 500).toBe(false)
    }),
  )
})
