import { createSession, memoryStore, type SessionDebugEntry } from '@authchart/core'
import { clientCredentialsGrant, privateKeyJwt, refreshTokenGrant } from '@authchart/core/oauth'
import type { ClientMetadata } from 'oidc-provider'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../../authorization-server/index.ts'
import { findSecrets } from '../../support/find-secrets.ts'

const algorithms = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  PS256: { name: 'RSA-PSS', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
}
type Algorithm = keyof typeof algorithms
const names = Object.keys(algorithms) as Algorithm[]

let server: AuthorizationServer
const keys = new Map<Algorithm, CryptoKey>()

beforeAll(async () => {
  const clients: ClientMetadata[] = []
  for (const name of names) {
    const { privateKey, publicKey } = (await crypto.subtle.generateKey(algorithms[name], false, [
      'sign',
      'verify',
    ])) as CryptoKeyPair
    keys.set(name, privateKey)
    const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey('jwk', publicKey)
    const jwk = { kty, ...(kty === 'EC' ? { crv, x, y } : { n, e }), kid: 'key-1', use: 'sig', alg: name }
    clients.push({
      client_id: `signs-${name}`,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: name,
      jwks: { keys: [jwk] } as never,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    })
  }
  server = await startAuthorizationServer({ clients })
})

afterAll(() => server[Symbol.asyncDispose]())

function open(name: Algorithm, options: { keyId?: string; audience?: string; key?: Algorithm } = {}) {
  const { key = name, ...rest } = options
  const privateKey = keys.get(key)
  if (privateKey === undefined) throw new Error(`There is no key for ${key}`)
  const bodies: string[] = []
  const debugged: SessionDebugEntry[] = []
  const session = createSession({
    key: 'acme:service',
    store: memoryStore(),
    debug: (entry) => debugged.push(entry),
    grant: clientCredentialsGrant({
      issuer: server.issuer,
      clientId: `signs-${name}`,
      clientAuthentication: privateKeyJwt({ privateKey, ...rest }),
      scope: 'api',
      fetch(url, init) {
        if (init.body !== undefined) bodies.push(String(init.body))
        return fetch(url, init)
      },
    }),
  })
  const assertions = () => bodies.flatMap((body) => new URLSearchParams(body).get('client_assertion') ?? [])
  return { session, assertions, debugged }
}

it.each(names)('a client that signs with %s is believed, at every request anew', async (name) => {
  const { session, assertions } = open(name, { keyId: 'key-1' })
  const { value } = await session.getAccessToken()
  expect(await server.findAccessToken(value)).toMatchObject({ clientId: `signs-${name}` })
  expect((await session.refresh()).value).not.toBe(value)
  expect(new Set(assertions()).size).toBe(2)
  // Revoking is authenticated as well.
  await session.signOut()
  expect(new Set(assertions()).size).toBe(3)
  await session[Symbol.asyncDispose]()
})

it('so is one that names the token endpoint as its audience', async () => {
  const { session } = open('ES256', { audience: server.tokenEndpoint })
  expect((await session.getAccessToken()).value).toEqual(expect.any(String))
  await session[Symbol.asyncDispose]()
})

it.each([
  ['with another key', { key: 'RS256' }],
  ['for another audience', { audience: 'https://elsewhere.example' }],
] as const)('a client that signs %s is refused: that is for the operator', async (_name, options) => {
  const { session } = open('ES256', options)
  await expect(session.getAccessToken()).rejects.toMatchObject({
    name: 'SessionEndedError',
    reason: 'clientRejected',
    serverCode: 'invalid_client',
  })
  await session[Symbol.asyncDispose]()
})

it('P55 the assertion is in no error and no debug entry, though the server quotes it', async () => {
  const { session, assertions, debugged } = open('ES256')
  server.faults.alterAnswer(
    (members) => ({ ...members, error: 'invalid_client', error_description: assertions()[0] }),
    {
      grantType: 'client_credentials',
      status: 401,
    },
  )
  const error = await session.getAccessToken().catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ reason: 'clientRejected' })
  expect(assertions()).toHaveLength(1)
  expect(findSecrets([error, debugged, session.getSnapshot()], assertions())).toEqual([])
  expect(debugged.some(({ type }) => type === 'tokenRequest')).toBe(true)
  await session[Symbol.asyncDispose]()
})

it('one sign-in serves several resource servers, by one refresh after the other', async () => {
  const resources = ['https://api.acme.example', 'https://api.other.example']
  const tokens = await server.signIn({ scope: 'openid offline_access api', resource: resources })
  let refreshToken = tokens.refresh_token ?? ''
  for (const resource of resources) {
    const store = memoryStore()
    await using session = createSession({
      key: 'acme:alice',
      store,
      grant: refreshTokenGrant({ issuer: server.issuer, clientId: server.publicClient.id, resource, scope: 'api' }),
    })
    await session.signIn({ accessToken: 'none yet', expiresIn: 0, refreshToken })
    const { value } = await session.refresh()
    expect(await server.findAccessToken(value)).toMatchObject({ audience: resource, scope: 'api', subject: 'alice' })
    refreshToken = (await store.read(session.key))?.secrets?.tokenSet.refreshToken ?? ''
  }
})

it('a resource server that was not agreed to ends the session for the operator', async () => {
  await using session = createSession({
    key: 'acme:alice',
    store: memoryStore(),
    grant: refreshTokenGrant({
      issuer: server.issuer,
      clientId: server.publicClient.id,
      resource: 'https://elsewhere.example',
    }),
  })
  const tokens = await server.signIn()
  await session.signIn({ accessToken: 'none yet', expiresIn: 0, refreshToken: tokens.refresh_token ?? '' })
  await expect(session.refresh()).rejects.toMatchObject({ reason: 'clientRejected', serverCode: 'invalid_target' })
})
