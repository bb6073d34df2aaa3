import type { JWK } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Api, startApi } from './api.ts'
import { type AuthorizationServer, startAuthorizationServer } from './authorization-server.ts'
import { createProofKey, proveByHand } from './dpop-by-hand.ts'

let server: AuthorizationServer
let api: Api
let proofKey: JWK
let accessToken: string

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  api = await startApi({ authorizationServer: server })
  proofKey = await createProofKey()
  accessToken = (await server.signIn({ client: server.boundClient, proofKey })).access_token
})
beforeEach(() => {
  server.dpop.requiresNonce = false
  api.dpop.requiresNonce = false
})
afterAll(async () => {
  await api.close()
  await server.close()
})

async function call(proof: string | undefined, { scheme = 'DPoP', token = accessToken } = {}) {
  const response = await fetch(`${api.origin}/items?page=2`, {
    method: 'POST',
    headers: { authorization: `${scheme} ${token}`, ...(proof === undefined ? {} : { dpop: proof }) },
  })
  return { status: response.status, challenge: response.headers.get('www-authenticate') ?? '', response }
}

const prove = (changes: Partial<Parameters<typeof proveByHand>[1]> & { key?: JWK } = {}) =>
  proveByHand(changes.key ?? proofKey, { method: 'POST', url: `${api.origin}/items`, accessToken, ...changes })

it('the server binds tokens to the key, and gives none to a client that must have bound ones without a proof', async () => {
  expect((await server.findAccessToken(accessToken))?.thumbprint).toMatch(/^[\w-]{43}$/)
  await expect(server.signIn({ client: server.boundClient })).rejects.toThrow('400')
})

it('the server demands a nonce where it is told to', async () => {
  server.dpop.requiresNonce = true
  server.resetCounts()
  expect((await server.signIn({ client: server.boundClient, proofKey })).token_type).toBe('DPoP')
  expect(server.requests.map(({ error }) => error)).toEqual(['use_dpop_nonce', undefined])
})

it('the API takes a proof once', async () => {
  const proof = await prove()
  expect((await call(proof)).status).toBe(200)
  expect((await call(proof)).challenge).toContain('invalid_dpop_proof')
})

it.each<[string, () => Promise<string | undefined>]>([
  ['none', async () => undefined],
  ['one of another key', async () => prove({ key: await createProofKey() })],
  ['one for another method', () => prove({ method: 'GET' })],
  ['one for another path', () => prove({ url: `${api.origin}/others` })],
  ['one for another origin', () => prove({ url: 'https://other.example/items' })],
  ['one for another token', () => prove({ accessToken: 'another' })],
  ['one whose signature is cut', async () => (await prove())?.slice(0, -4)],
  ['something else', async () => 'proof'],
])('the API takes no proof but the right one: %s', async (_name, make) => {
  const { status, challenge } = await call(await make())
  expect(status).toBe(401)
  expect(challenge).toContain('invalid_dpop_proof')
})

it('the API does not take a bound token as a bearer token', async () => {
  expect((await call(await prove(), { scheme: 'Bearer' })).challenge).toContain('invalid_token')
})

it('the API demands its nonce, offers another, and changes it', async () => {
  api.dpop.requiresNonce = true
  const demand = await call(await prove())
  expect(demand.challenge).toContain('use_dpop_nonce')
  const nonce = demand.response.headers.get('dpop-nonce') ?? ''
  expect((await call(await prove({ nonce }))).status).toBe(200)
  api.dpop.offerNonce()
  const offer = await call(await prove({ nonce }))
  expect(offer.status).toBe(200)
  expect(offer.response.headers.get('dpop-nonce')).not.toBe(nonce)
  api.dpop.changeNonce()
  expect((await call(await prove({ nonce }))).challenge).toContain('use_dpop_nonce')
  expect(api.requests.slice(-4).map(({ proof }) => proof)).toEqual(['nonceMissing', 'valid', 'valid', 'nonceMissing'])
})
