import { describe, expect, test } from 'vitest'
import { classifyResponse, type ResponseVerdict } from './classify-response.ts'

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
  ])('P3 with 403 and 459 among the rejected statuses, %i %s is %s', (status, challenge, verdict) => {
    expect(classify(status, challenge, [403, 459])).toBe(verdict)
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
