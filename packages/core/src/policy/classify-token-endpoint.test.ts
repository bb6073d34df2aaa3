import { describe, expect, test } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import type { TokenEndpointAnswer, TokenEndpointFailure } from '../token/grant.ts'
import {
  applyFailureOverride,
  classifyTokenEndpointFailure,
  type EndedVerdict,
  type TokenEndpointVerdict,
  type TransientVerdict,
} from './classify-token-endpoint.ts'
import { decideRefusal, type Refusals } from './decide-refusal.ts'
import { meaningOf } from './token-endpoint-words.ts'

const now = 784_111_777_000
const hour = 3_600_000

const unknown: TokenEndpointVerdict = { kind: 'unknown' }
const throttled: TokenEndpointVerdict = { kind: 'transient', code: 'throttled', mayHaveCommitted: false }
const blocked: TokenEndpointVerdict = { kind: 'transient', code: 'blocked', mayHaveCommitted: false }
/** The server refused to do anything just now. */
const trouble: TokenEndpointVerdict = { kind: 'transient', code: 'server', mayHaveCommitted: false }
/** The server failed, perhaps after it had rotated. */
const failed: TokenEndpointVerdict = { kind: 'transient', code: 'server', mayHaveCommitted: true }
const bare = refused({ refusal: 'bare' })

function refused(more: Partial<TransientVerdict> = {}): TransientVerdict {
  return { kind: 'transient', code: 'refused', mayHaveCommitted: false, ...more }
}

function unknownWord(error: string): TransientVerdict {
  return refused({ refusal: 'unknownWord', serverCode: error, serverWords: error })
}

function ended(reason: EndedVerdict['reason'], serverCode?: string, more: Partial<EndedVerdict> = {}): EndedVerdict {
  return { kind: 'ended', reason, eraseRefreshToken: reason === 'grantRejected', serverCode, ...more }
}

function keeping(serverCode: string): EndedVerdict {
  return ended('grantRejected', serverCode, { eraseRefreshToken: false })
}

function answer(status: number, body?: Record<string, unknown>, more: Partial<TokenEndpointAnswer> = {}) {
  return { kind: 'answer', status, complete: true, empty: false, body, ...more } as const
}

function empty(status: number): TokenEndpointAnswer {
  return answer(status, undefined, { empty: true })
}

function classify(failure: TokenEndpointFailure): TokenEndpointVerdict {
  return classifyTokenEndpointFailure(failure, now)
}

const deadCodes = ['invalid_grant', 'bad_refresh_token', 'invalid_refresh_token', 'token_inactive', 'Invalid_Grant']
const liftableCodes = ['interaction_required', 'login_required', 'consent_required', 'Interaction-Required']
const clientCodes = [
  ...['invalid_client', 'unauthorized_client', 'unsupported_grant_type', 'invalid_scope', 'invalid_target'],
  ...['incorrect_client_credentials', 'bad_client_secret', 'deleted_client'],
]
const requestCodes = ['invalid_request', 'invalid_authorization_details']
const unknownCodes = ['access_denied', 'authorization_pending', 'made up', 'unknown_error', 'not invalid_grant']
const troubleCodes = [
  ...['temporarily_unavailable', 'server_error', 'slow_down', 'use_dpop_nonce', 'internal_failure', 'internal_error'],
  ...['fatal_error', 'service_unavailable', 'ratelimited', 'Too Many Requests'],
]
/** Statuses under which the body has a say. */
const statuses = [200, 201, 299, 400, 401, 403, 422, 499]
const strayStatuses = [300, 302, 307, 404, 405, 413]

describe('P30 P88 a word in `error`', () => {
  test.each(deadCodes)('%s ends the grant and erases the refresh token, whatever the 2xx or 4xx', (error) => {
    for (const status of statuses) expect(classify(answer(status, { error }))).toEqual(ended('grantRejected', error))
  })

  test.each(liftableCodes)('%s ends the session and keeps the refresh token: it may lift', (error) => {
    for (const status of statuses) expect(classify(answer(status, { error }))).toEqual(keeping(error))
  })

  test.each(clientCodes)('%s is for the operator, and the refresh token is kept', (error) => {
    for (const status of statuses) expect(classify(answer(status, { error }))).toEqual(ended('clientRejected', error))
  })

  test.each(requestCodes)('%s ends as requestRejected, and the refresh token is kept', (error) => {
    for (const status of statuses) expect(classify(answer(status, { error }))).toEqual(ended('requestRejected', error))
  })

  test.each(unknownCodes)('%s is not known: a refusal that is counted', (error) => {
    for (const status of statuses) expect(classify(answer(status, { error }))).toEqual(unknownWord(error))
  })

  test.each(troubleCodes)('%s passes', (error) => {
    for (const status of statuses) expect(classify(answer(status, { error }))).toEqual(trouble)
  })

  test('invalid_dpop_proof says nothing about the grant, and counts towards nothing', () => {
    const error = 'invalid_dpop_proof'
    expect(classify(answer(400, { error }))).toEqual(refused({ serverCode: error, serverWords: error }))
  })

  test.each([...deadCodes, ...liftableCodes, ...clientCodes, ...requestCodes, ...unknownCodes, ...troubleCodes])(
    '%s does not matter under a status that is about the server or what is in between',
    (error) => {
      expect(classify(answer(429, { error }))).toEqual(throttled)
      for (const status of [408, 425, 500, 501, 503, 599]) expect(classify(answer(status, { error }))).toEqual(failed)
      for (const status of [502, 504]) expect(classify(answer(status, { error }))).toEqual(unknown)
      for (const status of strayStatuses) expect(classify(answer(status, { error }))).toEqual(blocked)
    },
  )

  test.each(['a'.repeat(101), 'tab\there', 'ünknown', 'a\nb'])('that cannot be shown is left out: %j', (error) => {
    expect(classify(answer(400, { error }))).toMatchObject({ refusal: 'unknownWord', serverCode: undefined })
  })
})

describe('P88 a word elsewhere', () => {
  const places: [where: string, body: (word: string) => Record<string, unknown>][] = [
    ['error.code', (code) => ({ error: { code } })],
    ['error.type', (type) => ({ error: { type } })],
    ['error.status', (status) => ({ error: { code: 400, status } })],
    ['error_code', (word) => ({ code: 400, error_code: word })],
    ['errorCode', (word) => ({ errorCode: word })],
    ['code', (code) => ({ object: 'error', status: 400, code })],
    ['status', (status) => ({ status, message: 'missing or invalid' })],
    ['type', (type) => ({ type, message: 'no' })],
    ['errors[0].errorType', (word) => ({ success: false, errors: [{ errorType: word }] })],
    ['errors[0].code', (code) => ({ errors: [{ code, field: 'x' }] })],
    ['errorCode beside an unknown error', (word) => ({ error: 'Bad Request', errorCode: word })],
    ['status beside invalid_request', (word) => ({ error: 'invalid_request', status: word })],
  ]

  test.each(places)('%s: of a dead grant ends the session and keeps the refresh token', (_where, bodyOf) => {
    for (const status of statuses) {
      expect(classify(answer(status, bodyOf('BAD_REFRESH_TOKEN')))).toEqual(keeping('BAD_REFRESH_TOKEN'))
    }
  })

  test.each(places)('%s: of a client is for the operator', (_where, bodyOf) => {
    expect(classify(answer(401, bodyOf('invalid_client')))).toEqual(ended('clientRejected', 'invalid_client'))
  })

  test.each(places)("%s: of the server's trouble passes", (_where, bodyOf) => {
    expect(classify(answer(400, bodyOf('internal_error')))).toEqual(trouble)
  })

  test.each([
    [{ errors: [{ resource: 'RefreshToken', field: 'refresh_token', code: 'invalid' }] }, 'grantRejected'],
    [{ errors: [{ resource: 'Application', field: 'client_id', code: 'invalid' }] }, 'clientRejected'],
  ])('counts with the resource that it is about: %j is %s', (body, reason) => {
    expect(classify(answer(400, body))).toMatchObject({ kind: 'ended', reason, eraseRefreshToken: false })
  })

  test.each([
    ['an unknown one', { code: 'something_else', error_code: 'x', type: 'y', status: 'z' }],
    ['invalid_request', { code: 'invalid_request' }],
    ['a description', { error_description: 'invalid_grant', message: '"error":"invalid_grant"' }],
    ['an array', { error: ['invalid_grant'] }],
    ['a number', { error: 400, code: 20026 }],
    ['null', { error: null, errors: null, code: null }],
    ['an empty string', { error: '' }],
    ['the second error', { errors: [{ code: 'x' }, { code: 'invalid_grant' }] }],
    ['an inherited member', Object.create({ error: 'invalid_grant', code: 'invalid_grant' })],
  ])('P32 is not read from %s', (_where, body) => {
    const verdict = classify(answer(400, body))
    expect(verdict).toMatchObject({ code: 'refused' })
    expect(verdict).not.toMatchObject({ refusal: expect.anything() })
    expect(classify(answer(200, body))).toEqual(unknown)
  })
})

describe('P30 an answer without a word', () => {
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
    { status: 400, expected: blocked, inJson: refused(), withoutBody: bare },
    { status: 401, expected: blocked, inJson: refused() },
    { status: 403, expected: blocked, inJson: refused() },
    { status: 404, expected: blocked },
    { status: 405, expected: blocked },
    { status: 407, expected: blocked, inJson: refused() },
    { status: 413, expected: blocked },
    { status: 499, expected: blocked, inJson: refused() },
  ])('$status is $expected', ({ status, expected, inJson = expected, withoutBody = expected }) => {
    expect(classify(answer(status, undefined, { contentType: 'text/html' }))).toEqual(expected)
    expect(classify(empty(status))).toEqual(withoutBody)
    expect(classify(answer(status, {}))).toEqual(inJson)
    expect(classify(answer(status, undefined, { contentType: 'application/problem+json' }))).toEqual(inJson)
    expect(classify(answer(status, { message: 'RBAC: access denied' }))).toEqual(
      inJson === expected ? expected : refused({ serverWords: 'RBAC: access denied' }),
    )
  })

  test.each([
    { status: 200, expected: unknown },
    { status: 400, expected: blocked },
    { status: 403, expected: blocked },
    { status: 429, expected: throttled },
    { status: 500, expected: failed },
    { status: 502, expected: unknown },
  ])('whose body was cut is judged by its status alone: $status', ({ status, expected }) => {
    for (const body of [undefined, { error: 'invalid_gr' }]) {
      expect(classify(answer(status, body, { complete: false, contentType: 'application/json' }))).toEqual(expected)
    }
  })
})

describe("a server's own words", () => {
  test.each<[body: Record<string, unknown>, words: string | undefined]>([
    [{ message: 'Forbidden' }, 'Forbidden'],
    [{ error: 'no_way', error_description: 'Come back never.' }, 'no_way: Come back never.'],
    [{ error: { code: 400, message: 'Bad thing' } }, 'Bad thing'],
    [{ errors: [{ message: 'First' }, { message: 'Second' }] }, 'First'],
    [{ errorCode: 'E0000001', errorSummary: 'Api validation failed' }, 'Api validation failed'],
    [{ error: 'same', message: 'same', detail: 'more' }, 'same: more'],
    [{ message: 'line\none\u202E\u0000two  three' }, 'line one two three'],
    [{ message: '\n' }, undefined],
    [{ statusCode: 403 }, undefined],
    [{ message: 'word '.repeat(30) }, 'word '.repeat(20).trim()],
    [{ message: '𝒲𝒲𝒲𝒲 '.repeat(30) }, '𝒲𝒲𝒲𝒲 '.repeat(20).trim()],
    [{ message: 'refresh_token=canary is unknown' }, '[redacted] is unknown'],
  ])('%j are %j', (body, serverWords) => {
    expect(classify(answer(403, body))).toMatchObject({ code: 'refused', serverWords })
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
    { status: 400, expected: blocked },
    { status: 403, expected: blocked },
    { status: 302, expected: blocked },
  ])('is kept wherever it comes: $status', ({ status, expected }) => {
    expect(classify(answer(status, undefined, wish))).toEqual({ ...expected, retryAt })
  })

  test.each([...troubleCodes, 'invalid_dpop_proof'])('is kept beside %s', (error) => {
    expect(classify(answer(400, { error }, wish))).toMatchObject({ kind: 'transient', retryAt })
  })

  test('is kept in JSON without a word, and of a bare 400', () => {
    expect(classify(answer(403, {}, wish))).toEqual(refused({ retryAt }))
    expect(classify({ ...empty(400), ...wish })).toEqual({ ...bare, retryAt })
  })

  test('as a date says the same', () => {
    const retryAfter = 'Sun, 06 Nov 1994 08:51:37 GMT'
    expect(classify(answer(503, undefined, { retryAfter }))).toEqual({ ...failed, retryAt })
  })

  test('is capped at an hour', () => {
    expect(classify(answer(503, undefined, { retryAfter: '86400' }))).toEqual({ ...failed, retryAt: now + hour })
  })

  test.each(['', 'soon', '-1', '1.5'])('that is malformed counts for nothing: %j', (retryAfter) => {
    expect(classify(answer(503, undefined, { retryAfter }))).toEqual(failed)
    expect(classify(answer(400, { error: 'too_fast' }, { retryAfter }))).toEqual(unknownWord('too_fast'))
  })

  test.each([...requestCodes, ...unknownCodes])('makes %s, which says nothing certain, one that passes', (error) => {
    for (const status of [200, 400]) {
      expect(classify(answer(status, { error }, wish))).toEqual({ ...trouble, retryAt })
    }
  })

  test.each([...deadCodes, ...liftableCodes, ...clientCodes])('does not revive what was refused with %s', (error) => {
    for (const status of [200, 401]) {
      expect(classify(answer(status, { error }, wish))).toMatchObject({ kind: 'ended', retryAt })
    }
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
    expect(classify(failure)).toEqual(expected)
  })
})

describe("an app's own refresh function", () => {
  test('that says rejected ends the grant', () => {
    expect(classify({ kind: 'rejected' })).toEqual(ended('grantRejected'))
    expect(classify({ kind: 'rejected', serverCode: 'gone' })).toEqual(ended('grantRejected', 'gone'))
  })

  test.each([
    { said: 'network', code: 'network', mayHaveCommitted: false },
    { said: 'throttled', code: 'throttled', mayHaveCommitted: false },
    { said: 'blocked', code: 'blocked', mayHaveCommitted: false },
    { said: 'refused', code: 'refused', mayHaveCommitted: false },
    { said: 'server', code: 'server', mayHaveCommitted: true },
    { said: 'timeout', code: 'timeout', mayHaveCommitted: true },
    { said: 'unknownOutcome', code: 'unknownOutcome', mayHaveCommitted: true },
    { said: 'made up', code: 'server', mayHaveCommitted: true },
    { said: 'toString', code: 'server', mayHaveCommitted: true },
  ])('that says unavailable because of $said is transient: $code', ({ said, code, mayHaveCommitted }) => {
    expect(classify({ kind: 'unavailable', code: said })).toEqual({ kind: 'transient', code, mayHaveCommitted })
  })

  test.each([
    { said: now + 5000, retryAt: now + 5000 },
    { said: now - 5000, retryAt: now },
    { said: now + 2 * hour, retryAt: now + hour },
  ])('that names a time is bound to an hour: $said', ({ said, retryAt }) => {
    expect(classify({ kind: 'unavailable', code: 'throttled', retryAt: said })).toEqual({ ...throttled, retryAt })
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('that names a time which is none counts as silent: %s', (said) => {
    expect(classify({ kind: 'unavailable', code: 'throttled', retryAt: said })).toEqual(throttled)
  })
})

test("metadata that cannot be had leaves no doubt about a commit, and its server's Retry-After counts", () => {
  const failure = { kind: 'unavailable', sent: 'no', code: 'server', retryAfter: '7' } as const
  const retryAt = now + 7000
  expect(classify(failure)).toEqual({ kind: 'transient', code: 'server', retryAt, mayHaveCommitted: false })
})

describe("an app's classifyFailure", () => {
  const end = ended('grantRejected', 'invalid_grant')
  const passing = [throttled, blocked, refused(), failed]
  const counted = [bare, unknownWord('x')]

  function apply(verdict: TokenEndpointVerdict, override: Parameters<typeof applyFailureOverride>[1]) {
    return applyFailureOverride(verdict, override, now)
  }

  test.each([end, ended('clientRejected'), ...passing, ...counted, unknown])(
    'that says nothing changes nothing about %j',
    (verdict) => {
      expect(apply(verdict, undefined)).toBe(verdict)
    },
  )

  test.each([...passing, ...counted, unknown])(
    'ends what was not ended, and keeps the refresh token: %j',
    (verdict) => {
      const { serverCode } = { serverCode: undefined, ...verdict }
      expect(apply(verdict, 'ended')).toEqual(ended('requestRejected', serverCode))
      expect(apply(verdict, 'grantRejected')).toEqual({
        ...ended('grantRejected', serverCode),
        eraseRefreshToken: false,
      })
      expect(apply(verdict, 'clientRejected')).toEqual(ended('clientRejected', serverCode))
    },
  )

  test('leaves an end its reason, unless it gives one', () => {
    expect(apply(end, 'ended')).toBe(end)
    expect(apply(end, 'grantRejected')).toEqual(keeping('invalid_grant'))
    expect(apply(end, 'clientRejected')).toEqual(ended('clientRejected', 'invalid_grant'))
    const client = ended('clientRejected', 'unauthorized_client')
    expect(apply(client, 'grantRejected')).toEqual(keeping('unauthorized_client'))
  })

  test.each([end, ...counted])('saves a session from ending, at once or by a count: %j', (verdict) => {
    expect(apply(verdict, 'transient')).toEqual(trouble)
    expect(apply({ ...verdict, retryAt: now + 1 }, 'transient')).toEqual({ ...trouble, retryAt: now + 1 })
    expect(apply(verdict, { kind: 'transient' })).toEqual(trouble)
  })

  test.each([...passing, unknown])('leaves what is transient or unknown as it is: %j', (verdict) => {
    expect(apply(verdict, 'transient')).toEqual(verdict)
  })

  test.each([
    { said: now + 5000, retryAt: now + 5000 },
    { said: now - 5000, retryAt: now },
    { said: now + 2 * hour, retryAt: now + hour },
    { said: Number.NaN, retryAt: undefined },
  ])('may say when it passes, within an hour: $said', ({ said, retryAt }) => {
    const override = { kind: 'transient', retryAt: said } as const
    expect(apply(end, override)).toEqual({ ...trouble, retryAt })
    expect(apply(throttled, override)).toEqual({ ...throttled, retryAt })
    expect(apply(unknown, override)).toEqual({ ...unknown, retryAt })
  })
})

describe('P88 whatever the answers are', () => {
  const member = fc.constantFrom(
    ...['error', 'error_code', 'errorCode', 'code', 'status', 'type', 'errors', 'message', 'error_description'],
  )
  const anyBody = fc.option(fc.dictionary(member, fc.jsonValue()), { nil: undefined })
  const anyStatus = fc.integer({ min: 100, max: 599 })

  /** Every text in a body, and what `resource` and `code` make together. */
  function textsOf(value: unknown): string[] {
    if (typeof value === 'string') return [value]
    if (typeof value !== 'object' || value === null) return []
    const { resource, code } = value as Record<string, unknown>
    const together = typeof resource === 'string' && typeof code === 'string' ? [`${resource}.${code}`] : []
    return [...together, ...Object.values(value).flatMap(textsOf)]
  }

  test('only a refusal in words that are known ends a session at once', () => {
    fc.assert(
      fc.property(anyStatus, anyBody, fc.boolean(), (status, members, complete) => {
        const verdict = classify(answer(status, members as Record<string, unknown> | undefined, { complete }))
        if (verdict.kind !== 'ended') return
        expect(complete).toBe(true)
        expect(textsOf(members).some((text) => meaningOf(text) !== undefined)).toBe(true)
        expect([...strayStatuses, 408, 425, 429].includes(status) || status >= 500).toBe(false)
      }),
    )
  })

  test('a word that is not known never ends a session in less than three refusals and 30 s', () => {
    const refusal = fc.record({ status: anyStatus, body: anyBody, bare: fc.boolean(), pause: fc.nat(40_000) })
    fc.assert(
      fc.property(fc.array(refusal, { maxLength: 8 }), (all) => {
        let refusals: Refusals | undefined
        let time = now
        let counted = 0
        for (const { status, body, bare: isBare, pause } of all) {
          if (textsOf(body).some((text) => meaningOf(text) !== undefined)) continue
          time += pause
          const given = isBare ? empty(status) : answer(status, body as Record<string, unknown> | undefined)
          const verdict = classifyTokenEndpointFailure(given, time)
          expect(verdict.kind).not.toBe('ended')
          if (verdict.kind !== 'transient' || verdict.refusal === undefined) continue
          counted += 1
          const decision = decideRefusal(refusals, verdict.refusal, time)
          refusals = decision.refusals
          expect(refusals.count).toBe(counted)
          if (!decision.ends) continue
          expect(counted).toBeGreaterThanOrEqual(3)
          expect(time - refusals.since).toBeGreaterThanOrEqual(refusals.bare ? 120_000 : 30_000)
        }
      }),
    )
  })
})
