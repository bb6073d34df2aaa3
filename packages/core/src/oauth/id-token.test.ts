import { describe, expect, it } from 'vitest'
import { type IdTokenExpectation, judgeIdToken } from './id-token.ts'

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

function judge(idToken: string, changes: Partial<IdTokenExpectation> = {}) {
  const { issuer } = metadata
  return judgeIdToken(idToken, { issuer, identifier: issuer, clientId: 'app', now, rules: {}, ...changes })
}

const whose = { issuer: 'https://login.example', subject: 'alice' }

describe('an id token', () => {
  it.each(['RS256', 'PS512', 'ES256', 'EdDSA', 'Ed25519'])(
    'is valid, and its signature is not looked at: %s',
    (alg) => {
      expect(judge(jwt(claims, { alg }))).toEqual({ valid: true, ...whose })
    },
  )

  it.each<[string, object, string]>([
    ['expired', { exp: seconds - 30 }, 'expired'],
    ['not valid yet', { nbf: seconds + 31 }, 'notYetValid'],
    ['for another client', { aud: 'other' }, 'audienceMismatch'],
    ['for other clients', { aud: ['other', 'another'] }, 'audienceMismatch'],
    ['for several, and this is not the party', { aud: ['app', 'other'], azp: 'other' }, 'authorizedPartyMismatch'],
    ['for several, and no party is named', { aud: ['app', 'other'] }, 'authorizedPartyMismatch'],
    ['without audience', { aud: undefined }, 'audienceMismatch'],
    ['without expiry', { exp: undefined }, 'timesMissing'],
    ['without the time of its issue', { iat: undefined }, 'timesMissing'],
    ['with times that are texts', { exp: String(seconds + 60) }, 'timesMissing'],
    ['not valid before a text', { nbf: 'soon' }, 'timesMissing'],
  ])('P49 tells whose it is although it is %s', (_name, changes, code) => {
    expect(judge(jwt({ ...claims, ...changes }))).toEqual({ valid: false, code, ...whose })
  })

  it.each<[string, object]>([
    ['at 29 s after its expiry', { exp: seconds - 29 }],
    ['at 30 s before it begins', { nbf: seconds + 30 }],
    ['for several clients, this the party', { aud: ['app', 'other'], azp: 'app' }],
    ['for a list of one', { aud: ['app'] }],
  ])('is valid %s', (_name, changes) => {
    expect(judge(jwt({ ...claims, ...changes }), { now: seconds * 1000 })).toMatchObject({ valid: true })
  })

  it.each([
    ['none', undefined],
    ['HS256', undefined],
    ['RS256', ['ES256']],
    ['none', ['none']],
    [undefined, undefined],
    [7, undefined],
  ])('is refused with the algorithm %s where the server announces %s', (alg, algorithms) => {
    expect(judge(jwt(claims, { alg }), { algorithms })).toMatchObject({ valid: false, code: 'algorithmNotAccepted' })
  })

  it('may be signed with a shared secret where the server announces that, or the app agrees', () => {
    const idToken = jwt(claims, { alg: 'HS256' })
    expect(judge(idToken, { algorithms: ['RS256', 'HS256'] })).toMatchObject({ valid: true })
    expect(judge(idToken, { algorithms: ['ES256'], rules: { acceptHs256: true } })).toMatchObject({ valid: true })
  })

  it('P49 tells another issuer, and no subject where there is none', () => {
    const code = 'issuerMismatch'
    const iss = 'https://other.example'
    expect(judge(jwt({ ...claims, iss }))).toEqual({ valid: false, code, issuer: iss, subject: 'alice' })
    expect(judge(jwt({ ...claims, iss: undefined }))).toEqual({ valid: false, code, subject: 'alice' })
    expect(judge(jwt({ ...claims, sub: undefined }))).toEqual({
      valid: false,
      code: 'subjectMissing',
      issuer: whose.issuer,
    })
  })

  it.each([
    ['https://login.example', 'https://login.example/'],
    ['https://login.example/', 'https://login.example'],
    ['https://accounts.google.com', 'accounts.google.com'],
    ['https://LOGIN.example:443/a', 'https://login.example/a/'],
  ])('P81 of %s may say %s, and is told as the app writes it', (issuer, iss) => {
    const identifier = 'https://as-the-app-writes-it.example'
    expect(judge(jwt({ ...claims, iss }), { issuer, identifier })).toMatchObject({ valid: true, issuer: identifier })
  })

  it('P92 names its tenant where the metadata has a template, and the same one as before', () => {
    const issuer = 'https://login.example/{tenantid}/v2.0'
    const iss = 'https://login.example/tenant-1/v2.0'
    const expected = { issuer, identifier: 'https://login.example/common/v2.0' }
    const idToken = jwt({ ...claims, iss, tid: 'tenant-1' })
    const previous = jwt({ ...claims, iss: 'https://login.example/tenant-2/v2.0', tid: 'tenant-2' })
    expect(judge(idToken, expected)).toMatchObject({ valid: true, issuer: expected.identifier })
    expect(judge(idToken, { ...expected, previous: idToken })).toMatchObject({ valid: true })
    expect(judge(idToken, { ...expected, previous })).toMatchObject({ code: 'issuerMismatch', issuer: iss })
    expect(judge(jwt({ ...claims, iss }), expected)).toMatchObject({ valid: true })
    for (const tid of ['tenant-2', 7, '$&', null]) {
      expect(judge(jwt({ ...claims, iss, tid }), expected)).toMatchObject({ code: 'issuerMismatch' })
    }
  })

  it('that was refreshed need not have a nonce, but if it has, that of the one before', () => {
    const previous = jwt({ ...claims, nonce: 'first' })
    expect(judge(jwt(claims), { previous })).toMatchObject({ valid: true })
    expect(judge(jwt({ ...claims, nonce: 'first' }), { previous })).toMatchObject({ valid: true })
    expect(judge(jwt({ ...claims, nonce: 'other' }), { previous })).toMatchObject({ code: 'nonceMismatch' })
    expect(judge(jwt({ ...claims, nonce: 'other' }), { previous: 'opaque' })).toMatchObject({ valid: true })
  })

  it.each([
    ['not a JWT', 'opaque'],
    ['an encrypted one', 'a.b.c.d.e'],
    ['not JSON', 'a.b.c'],
    ['a list', `${encode({ alg: 'RS256' })}.${encode([claims])}.c2ln`],
  ])('P49 tells nothing where it is %s', (_name, idToken) => {
    expect(judge(idToken)).toEqual({ valid: false, code: 'notAJwt' })
  })
})

describe('P79 the clock that an id token is judged by', () => {
  const year = 365 * 24 * 60 * 60 * 1000
  const later = { ...claims, iat: Math.floor((now + year) / 1000), exp: Math.floor((now + year) / 1000) + 60 }

  it('is the session’s', () => {
    expect(judge(jwt(claims), { now: now + year })).toMatchObject({ valid: false, code: 'expired' })
    expect(judge(jwt(later), { now: now + year })).toMatchObject({ valid: true })
  })

  it('or the server’s, where that is known', () => {
    expect(judge(jwt(claims), { now: now + year, serverTime: now })).toMatchObject({ valid: true })
    const early = { ...claims, nbf: seconds + 3600 }
    expect(judge(jwt(early), { serverTime: now + 3600_000 })).toMatchObject({ valid: true })
    expect(judge(jwt(early), { serverTime: Number.NaN })).toMatchObject({ valid: false, code: 'notYetValid' })
  })

  it('may differ by as much as the app says', () => {
    const rules = { clockToleranceMilliseconds: 3600_000 }
    expect(judge(jwt({ ...claims, exp: seconds - 3599 }), { rules })).toMatchObject({ valid: true })
    expect(judge(jwt({ ...claims, exp: seconds - 1 }), { rules: { clockToleranceMilliseconds: 0 } })).toMatchObject({
      code: 'expired',
    })
  })
})
