import { expect, it } from 'vitest'
import { judgeIdToken } from './judge-id-token.ts'

const metadata = { issuer: 'https://login.example', token_endpoint: 'https://login.example/token' }
const now = Date.now()
const seconds = Math.floor(now / 1000)
const claims = { iss: metadata.issuer, sub: 'alice', aud: 'app', iat: seconds, exp: seconds + 60 }

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function jwt(payload: object, header: object = { alg: 'RS256' }): string {
  return `${encode(header)}.${encode(payload)}.c2lnbmF0dXJl`
}

function judge(idToken: string, at = now) {
  return judgeIdToken(idToken, { metadata, clientId: 'app', now: at })
}

it('is valid, whoever signed it', async () => {
  expect(await judge(jwt(claims))).toEqual({ valid: true, issuer: 'https://login.example', subject: 'alice' })
})

it.each([
  ['expired', { ...claims, exp: seconds - 3600 }, 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED'],
  ['for another client', { ...claims, aud: 'other' }, 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'],
  ['without audience', { ...claims, aud: undefined }, 'OAUTH_INVALID_RESPONSE'],
])('P49 tells whose it is although it is %s', async (_name, payload, code) => {
  expect(await judge(jwt(payload))).toEqual({ valid: false, code, issuer: 'https://login.example', subject: 'alice' })
})

it('P49 tells another issuer', async () => {
  expect(await judge(jwt({ ...claims, iss: 'https://other.example' }))).toMatchObject({
    valid: false,
    issuer: 'https://other.example',
  })
})

it.each([
  ['no JWT', 'opaque'],
  ['an encrypted one', 'a.b.c.d.e'],
  ['not JSON', 'a.b.c'],
])('P49 tells nobody where it is %s', async (_name, idToken) => {
  expect(await judge(idToken)).toEqual({ valid: false, code: expect.any(String) })
})

it('is judged by the session’s clock', async () => {
  const inAYear = now + 365 * 24 * 60 * 60 * 1000
  expect(await judge(jwt(claims), inAYear)).toMatchObject({ valid: false, code: 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED' })
  const later = { ...claims, iat: Math.floor(inAYear / 1000), exp: Math.floor(inAYear / 1000) + 60 }
  expect(await judge(jwt(later), inAYear)).toMatchObject({ valid: true })
})
