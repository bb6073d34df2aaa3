import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { isConfigurationError } from '../errors/configuration-error.ts'
import { isSignInError } from '../errors/sign-in-error.ts'
import { isStoreError } from '../errors/store-error.ts'
import { isCryptoKeyPair, type ProofKey } from '../token/proof.ts'
import { dpop } from './dpop.ts'

const now = Date.UTC(2026, 0, 2, 3, 4, 5)
const url = 'https://api.example/a%20b/c?page=2#top'

function decode(part: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString())
}

/** The claims of a proof whose signature is that of the key in its header. */
async function readProof(proof: string) {
  const [header, claims, signature] = proof.split('.')
  const { jwk, ...rest } = decode(header)
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('jwk', jwk as JsonWebKey, algorithm, false, ['verify'])
  const bytes = Buffer.from(signature ?? '', 'base64url')
  expect(await crypto.subtle.verify(algorithm, key, bytes, Buffer.from(`${header}.${claims}`))).toBe(true)
  return { header: rest, jwk: jwk as JsonWebKey, claims: decode(claims) }
}

describe('a proof', () => {
  it('is for one request and one access token, at the time of the session', async () => {
    const proofs = dpop()
    const proofKey = (await proofs.createKey()) as JsonWebKey
    const proof = await proofs.createProof({ proofKey, method: 'POST', url, accessToken: 'token', now })
    const { header, jwk, claims } = await readProof(proof)
    expect(header).toEqual({ alg: 'ES256', typ: 'dpop+jwt' })
    expect(jwk).toEqual({ kty: 'EC', crv: 'P-256', x: proofKey.x, y: proofKey.y })
    expect(claims).toEqual({
      htm: 'POST',
      htu: 'https://api.example/a%20b/c',
      iat: now / 1000,
      jti: expect.stringMatching(/^[\w-]{20,}$/),
      ath: createHash('sha256').update('token').digest('base64url'),
    })
  })

  it('is another one each time, and has the nonce of its server', async () => {
    const proofs = dpop()
    const proofKey = await proofs.createKey()
    const request = { proofKey, method: 'GET', url, now }
    proofs.rememberNonce('https://api.example/', 'nonce')
    proofs.rememberNonce('https://login.example/', 'of another server')
    const [one, other] = await Promise.all([proofs.createProof(request), proofs.createProof(request)])
    const claims = [(await readProof(one)).claims, (await readProof(other)).claims]
    expect(claims.map(({ nonce }) => nonce)).toEqual(['nonce', 'nonce'])
    expect(claims[0]?.jti).not.toBe(claims[1]?.jti)
  })

  it('for a token request is for no access token', async () => {
    const proofs = dpop()
    const proof = await proofs.createProof({ proofKey: await proofs.createKey(), method: 'POST', url, now })
    expect((await readProof(proof)).claims).not.toHaveProperty('ath')
  })

  it('says the method as fetch sends it', async () => {
    const proofs = dpop()
    const proof = await proofs.createProof({ proofKey: await proofs.createKey(), method: 'patch', url, now })
    expect((await readProof(proof)).claims.htm).toBe('patch')
  })
})

it.each([
  ['missing', undefined],
  ['nonsense', { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'canary-of-a-key' }],
])('no proof comes of a key that is %s, and the error does not quote it', async (_name, proofKey) => {
  const error: unknown = await dpop()
    .createProof({ proofKey, method: 'GET', url, now })
    .catch((thrown: unknown) => thrown)
  expect(isStoreError(error) && error.code).toBe('recordUnreadable')
  expect(inspect(error, { depth: null })).not.toContain('canary')
})

describe('a key', () => {
  it('can be exported where there is no IndexedDB, and is a JWK then', async () => {
    expect(await dpop().createKey()).toMatchObject({ kty: 'EC', crv: 'P-256', d: expect.any(String) })
  })

  it('cannot be exported where that is asked for', async () => {
    const proofKey = await dpop({ extractable: false }).createKey()
    expect(isCryptoKeyPair(proofKey) && proofKey.privateKey.extractable).toBe(false)
  })

  it.each<[string, boolean, () => Promise<ProofKey>]>([
    ['that cannot be exported', false, () => dpop({ extractable: false }).createKey()],
    ['that can', true, () => generateKey({ name: 'ECDSA', namedCurve: 'P-256' })],
    ['of another curve', true, () => generateKey({ name: 'ECDSA', namedCurve: 'P-384' })],
    ['of Edwards’ curve', true, () => generateKey({ name: 'Ed25519' })],
    ['in JSON', true, async () => JSON.parse(JSON.stringify(await dpop().createKey()))],
  ])('%s works, and is kept as a JWK if it can be: %s', async (_name, isJwk, create) => {
    const stored = await dpop().takeKey(await create())
    expect(isCryptoKeyPair(stored)).toBe(!isJwk)
    expect(await dpop().createProof({ proofKey: stored, method: 'GET', url, now })).toMatch(
      /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/,
    )
  })

  it.each([
    ['nothing', undefined],
    ['a text', 'key'],
    ['a public JWK', { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }],
    ['a JWK of nonsense', { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' }],
    ['an RSA key', { kty: 'RSA', n: 'n', e: 'AQAB', d: 'd' }],
    ['what JSON leaves of a CryptoKeyPair', { privateKey: {}, publicKey: {} }],
  ])('is not %s', async (_name, value) => {
    const taken = dpop().takeKey(value)
    await expect(taken).rejects.toSatisfy((error) => isSignInError(error) && error.code === 'unusableTokens')
  })
})

it.each([
  ['a response without one', null],
  ['an empty one', ''],
  ['one of 2049 characters', 'n'.repeat(2049)],
])('keeps the nonce it has after %s', async (_name, nonce) => {
  const proofs = dpop()
  const proofKey = await proofs.createKey()
  proofs.rememberNonce(url, 'kept')
  proofs.rememberNonce(url, nonce)
  const proof = await proofs.createProof({ proofKey, method: 'GET', url, now })
  expect((await readProof(proof)).claims.nonce).toBe('kept')
})

describe('a request that is sent with proofs', () => {
  const request = { method: 'GET', url, accessToken: 'token', now: () => now }

  /** A server that answers so, one after the other; what each proof said is written down. */
  async function send(answers: Response[], changes: { accessToken?: undefined; isOneShot?: boolean } = {}) {
    const proofs = dpop()
    const proofKey = await proofs.createKey()
    const sent: Record<string, unknown>[] = []
    const sendOnce = async (proof: string) => {
      sent.push((await readProof(proof)).claims)
      return answers.shift() ?? new Response()
    }
    const response = await proofs.send({ ...request, proofKey, ...changes }, sendOnce)
    const next = await readProof(await proofs.createProof({ proofKey, method: 'GET', url, now }))
    return { response, sent, next: next.claims, nonces: sent.map(({ nonce }) => nonce) }
  }

  function demand(nonce?: string): Response {
    const headers = new Headers({ 'www-authenticate': 'DPoP error="use_dpop_nonce", algs="ES256"' })
    if (nonce !== undefined) headers.set('dpop-nonce', nonce)
    return new Response('no', { status: 401, headers })
  }

  function refusal(date: number): Response {
    const headers = { 'www-authenticate': 'DPoP error="invalid_dpop_proof"', date: new Date(date).toUTCString() }
    return new Response('no', { status: 401, headers })
  }

  it('P60 is sent again while each answer brings a new nonce', async () => {
    const { response, nonces, next } = await send([demand('1'), demand('2'), demand('3')])
    expect(response.status).toBe(200)
    expect(nonces).toEqual([undefined, '1', '2', '3'])
    expect(next.nonce).toBe('3')
  })

  it('P60 is sent again five times and no more', async () => {
    const { response, nonces } = await send(['1', '2', '3', '4', '5', '6', '7'].map(demand))
    expect(response.status).toBe(401)
    expect(nonces).toEqual([undefined, '1', '2', '3', '4', '5'])
  })

  it.each([
    ['no nonce', [demand(), demand('1')], [undefined]],
    ['the nonce that it had', [demand('1'), demand('1')], [undefined, '1']],
    ['a nonce that it had before', [demand('1'), demand('2'), demand('1')], [undefined, '1', '2']],
  ])('P60 gets the answer that demands a nonce and brings %s', async (_name, answers, nonces) => {
    const outcome = await send([...answers])
    expect(outcome.response.status).toBe(401)
    expect(await outcome.response.text()).toBe('no')
    expect(outcome.nonces).toEqual(nonces)
  })

  it('P60 is sent once if it can be sent only once, and what it learns is kept', async () => {
    const nonce = await send([demand('1')], { isOneShot: true })
    expect([nonce.sent.length, nonce.response.status, nonce.next.nonce]).toEqual([1, 401, '1'])
    const time = await send([refusal(now + 60_000)], { isOneShot: true })
    expect([time.sent.length, time.response.status, time.next.iat]).toEqual([1, 401, now / 1000 + 60])
  })

  it.each([
    ['an hour ahead', 3_600_000],
    ['an hour behind', -3_600_000],
    ['31 s ahead', 31_000],
  ])('P79 is sent once more with the time of a server whose clock is %s', async (_name, skew) => {
    const { response, sent, next } = await send([refusal(now + skew)])
    expect(response.status).toBe(200)
    expect(sent.map(({ iat }) => iat)).toEqual([now / 1000, (now + skew) / 1000])
    expect(next.iat).toBe((now + skew) / 1000)
  })

  it.each([
    ['30 s ahead', [refusal(now + 30_000)]],
    ['without a date', [new Response('no', { status: 401, headers: demand().headers })]],
  ])('P79 is not sent again for a server whose clock is %s', async (_name, answers) => {
    expect((await send(answers)).sent).toHaveLength(1)
  })

  it('P79 is not sent a third time for the clock', async () => {
    const { response, sent } = await send([refusal(now + 60_000), refusal(now + 600_000)])
    expect([response.status, sent.length]).toEqual([401, 2])
  })

  it.each([
    ['JSON', '{"error":"use_dpop_nonce","error_description":"…"}'],
    ['a form', 'error=use_dpop_nonce'],
  ])('P60 to a token endpoint is sent again for what its body says, in %s', async (_name, body) => {
    const headers = { 'dpop-nonce': '1' }
    const { nonces } = await send([new Response(body, { status: 400, headers })], { accessToken: undefined })
    expect(nonces).toEqual([undefined, '1'])
  })

  it('P60 to a token endpoint gets an answer whose body can still be read', async () => {
    const answer = new Response('{"error":"invalid_grant"}', { status: 400 })
    const { response } = await send([answer], { accessToken: undefined })
    expect(await response.json()).toEqual({ error: 'invalid_grant' })
  })
})

it.each([null, { extractable: 'yes' }, { extractible: true }])('refuses the options %o', (options) => {
  expect(() => dpop(options as never)).toThrow(expect.toSatisfy(isConfigurationError))
})

async function generateKey(algorithm: AlgorithmIdentifier | EcKeyGenParams): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
}
