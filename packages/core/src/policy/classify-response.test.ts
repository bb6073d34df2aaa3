import { describe, expect, test } from 'vitest'
import { classifyResponse, type ResponseVerdict, type StepUpChallenge, stepUpChallengeOf } from './classify-response.ts'

type Row = [status: number, challenge: string | null, verdict: ResponseVerdict]

function classify(status: number, challenge: string | null, rejectedStatuses: number[] = []): ResponseVerdict {
  return classifyResponse({ status, challenge }, new Set(rejectedStatuses))
}

describe('a response', () => {
  test.each<Row>([
    [401, null, 'rejected'],
    [401, '', 'rejected'],
    [401, 'Bearer', 'rejected'],
    [401, 'Bearer realm="a"', 'rejected'],
    [401, 'Bearer error="invalid_token"', 'rejected'],
    [401, 'bearer ERROR="invalid_token"', 'rejected'],
    [401, 'Bearer error="something_else"', 'rejected'],
    [401, 'DPoP error="invalid_token", algs="ES256"', 'rejected'],
    [401, 'DPoP error="invalid_dpop_proof"', 'rejected'],
    [401, 'Basic realm="a"', 'rejected'],
    [401, 'Bearer error="never closed', 'rejected'],
    [401, 'DPoP error="use_dpop_nonce", error_description="a nonce is required"', 'nonceRequired'],
    [401, 'Bearer realm="a", DPoP algs="ES256", error="use_dpop_nonce"', 'nonceRequired'],
    [401, 'Bearer error="invalid_token", DPoP error="use_dpop_nonce"', 'nonceRequired'],
    [401, 'Bearer error="insufficient_user_authentication", acr_values="mfa"', 'stepUpRequired'],
    [401, 'Basic realm="a", Bearer error="insufficient_user_authentication"', 'stepUpRequired'],
    [401, 'Bearer error="insufficient_scope"', 'rejected'],
    [403, null, 'accepted'],
    [403, 'Bearer error="insufficient_scope", scope="write"', 'stepUpRequired'],
    [403, 'Bearer error="invalid_token"', 'accepted'],
    [200, null, 'accepted'],
    [204, null, 'accepted'],
    [304, null, 'accepted'],
    [400, 'Bearer error="invalid_request"', 'accepted'],
    [404, null, 'accepted'],
    [407, 'Basic realm="proxy"', 'accepted'],
    [429, null, 'accepted'],
    [459, null, 'accepted'],
    [500, 'Bearer error="invalid_token"', 'accepted'],
    [0, null, 'accepted'],
  ])('%i with the challenge %s is %s', (status, challenge, verdict) => {
    expect(classify(status, challenge)).toBe(verdict)
  })

  test.each<Row>([
    [401, 'Bearer error_description="use_dpop_nonce"', 'rejected'],
    [401, 'Bearer realm="error=insufficient_user_authentication"', 'rejected'],
    [401, 'Bearer realm="a, DPoP error=\\"use_dpop_nonce\\""', 'rejected'],
    [401, 'Bearer error="not_use_dpop_nonce"', 'rejected'],
    [403, 'Bearer error_description="insufficient_scope"', 'accepted'],
    [403, 'insufficient_scope', 'accepted'],
  ])('P32 reads an error code from the error parameter only: %i %s is %s', (status, challenge, verdict) => {
    expect(classify(status, challenge)).toBe(verdict)
  })

  test.each<Row>([
    [403, null, 'rejected'],
    [403, 'Bearer error="invalid_token"', 'rejected'],
    [403, 'Bearer error="insufficient_scope"', 'stepUpRequired'],
    [459, null, 'rejected'],
    [401, null, 'rejected'],
    [401, 'DPoP error="use_dpop_nonce"', 'nonceRequired'],
    [404, null, 'accepted'],
    [203, null, 'rejected'],
  ])('P3 with 203, 403 and 459 among the rejected statuses, %i %s is %s', (status, challenge, verdict) => {
    expect(classify(status, challenge, [203, 403, 459])).toBe(verdict)
  })
})

describe('a demand for a nonce', () => {
  const challenge = 'DPoP error="use_dpop_nonce"'

  test('that brings one is met', () => {
    expect(classifyResponse({ status: 401, challenge, hasDpopNonce: true }, new Set())).toBe('nonceRequired')
  })

  test('that brings none cannot be met, so the token counts as rejected', () => {
    expect(classifyResponse({ status: 401, challenge, hasDpopNonce: false }, new Set())).toBe('rejected')
  })

  test('is not made by a nonce alone', () => {
    expect(classifyResponse({ status: 401, challenge: null, hasDpopNonce: true }, new Set())).toBe('rejected')
  })
})

describe('a step-up challenge', () => {
  test.each<[header: string | null, expected: StepUpChallenge | undefined]>([
    ['Bearer error="insufficient_scope", scope="files:read files:write"', { scope: 'files:read files:write' }],
    [
      'Bearer error="insufficient_user_authentication", acr_values="mfa phr", max_age="300"',
      { acrValues: 'mfa phr', maxAge: 300 },
    ],
    [
      'Bearer error="insufficient_scope", scope="a", resource_metadata="https://api.example/.well-known/oauth-protected-resource"',
      { scope: 'a', resourceMetadata: 'https://api.example/.well-known/oauth-protected-resource' },
    ],
    ['Basic realm="a", DPoP error="insufficient_user_authentication", acr_values=mfa', { acrValues: 'mfa' }],
    ['Bearer error="insufficient_user_authentication", max_age="0"', { maxAge: 0 }],
    ['Bearer error="insufficient_scope"', undefined],
    ['Bearer error="insufficient_scope", scope="", max_age="soon", resource_metadata="nowhere"', undefined],
    ['Bearer error="insufficient_scope", scope="a\u0007b"', undefined],
    [`Bearer error="insufficient_scope", scope="${'a'.repeat(2001)}"`, undefined],
    ['Bearer error="invalid_token", scope="a"', undefined],
    ['Bearer scope="a", Bearer error="insufficient_scope"', undefined],
    ['', undefined],
    [null, undefined],
  ])('%s asks for %j', (header, expected) => {
    expect(stepUpChallengeOf(header)).toEqual(expected)
  })
})
