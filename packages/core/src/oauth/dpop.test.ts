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

it.each([null, { extractable: 'yes' }, { extractible: true }])('refuses the options %o', (options) => {
  expect(() => dpop(options as never)).toThrow(expect.toSatisfy(isConfigurationError))
})

async function generateKey(algorithm: AlgorithmIdentifier | EcKeyGenParams): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
}
