import { describe, expect, it } from 'vitest'
import { readJwtClaims } from '../token/jwt-claims.ts'
import { type PrivateKeyJwtOptions, privateKeyJwt } from './private-key-jwt.ts'

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256' }

async function createKeys(algorithm: object = ecdsa): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey(algorithm as EcKeyGenParams, false, ['sign', 'verify'])) as CryptoKeyPair
}

async function createAssertion(options: PrivateKeyJwtOptions) {
  const body = new URLSearchParams()
  await privateKeyJwt(options)({
    issuer: 'https://login.example',
    clientId: 'service',
    body,
    headers: new Headers(),
  })
  const assertion = body.get('client_assertion') ?? ''
  const header = JSON.parse(Buffer.from(assertion.split('.')[0] ?? '', 'base64url').toString())
  return { body, header, claims: readJwtClaims(assertion) ?? {} }
}

describe('an assertion of a client', () => {
  it('names client and issuer, lives for a minute, and is another one each time', async () => {
    const { privateKey } = await createKeys()
    const first = await createAssertion({ privateKey })
    expect(Object.fromEntries(first.body)).toEqual({
      client_id: 'service',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: expect.any(String),
    })
    expect(first.header).toEqual({ alg: 'ES256' })
    const { iat, exp, ...claims } = first.claims
    expect(claims).toMatchObject({ iss: 'service', sub: 'service', aud: 'https://login.example' })
    expect(Number(exp) - Number(iat)).toBe(60)
    expect((await createAssertion({ privateKey })).claims.jti).not.toBe(claims.jti)
  })

  it('says what its server wants to be told', async () => {
    const { privateKey } = await createKeys({ name: 'Ed25519' })
    const audience = 'https://login.example/token'
    const { header, claims } = await createAssertion({ privateKey, keyId: '2026-1', algorithm: 'EdDSA', audience })
    expect(header).toEqual({ alg: 'EdDSA', kid: '2026-1' })
    expect(claims.aud).toBe(audience)
    expect((await createAssertion({ privateKey })).header.alg).toBe('Ed25519')
  })
})

describe('an option that is wrong is refused at once', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['privateKey', async () => ({})],
    ['privateKey', async () => ({ privateKey: 'pem' })],
    ['privateKey', async () => ({ privateKey: (await createKeys()).publicKey })],
    [
      'privateKey',
      async () => ({ privateKey: await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']) }),
    ],
    ['keyId', async () => ({ privateKey: (await createKeys()).privateKey, keyId: '' })],
    ['audience', async () => ({ privateKey: (await createKeys()).privateKey, audience: 7 })],
    ['algorithm', async () => ({ privateKey: (await createKeys()).privateKey, algorithm: 'EdDSA' })],
    ['algorithm', async () => ({ privateKey: (await createKeys({ name: 'Ed25519' })).privateKey, algorithm: 'ES256' })],
    ['kid', async () => ({ privateKey: (await createKeys()).privateKey, kid: 'no' })],
    ['options', async () => null],
  ])('%s', async (option, create) => {
    const options = await create()
    expect(() => privateKeyJwt(options as never)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', message: expect.stringContaining(option) }),
    )
  })
})
