import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSession, memoryStore, type Session } from '../index.ts'
import { beginAuthorization, completeAuthorization, refreshTokenGrant } from '../oauth.ts'
import type { TokenEndpoint, TokenEndpointOptions } from './token-endpoint/options.ts'
import { createTokenEndpoint, startTokenEndpoint } from './token-endpoint.ts'

let endpoint: TokenEndpoint
let session: Session

beforeEach(() => start())
afterEach(stop)

async function start(options: TokenEndpointOptions = {}): Promise<void> {
  endpoint = await startTokenEndpoint(options)
  session = createSession({
    key: 'test',
    store: memoryStore(),
    grant: refreshTokenGrant({ issuer: endpoint.issuer, clientId: 'test' }),
  })
  await session.signIn(endpoint.signIn())
}

async function stop(): Promise<void> {
  await session[Symbol.asyncDispose]()
  await endpoint[Symbol.asyncDispose]()
}

it('rotates: each refresh gets another pair', async () => {
  const tokens = [await session.getAccessToken(), await session.refresh(), await session.refresh()]
  expect(new Set(tokens.map(({ value }) => value)).size).toBe(3)
  expect(endpoint.counts).toEqual({ requests: 2, issued: 2, refused: 0, reused: 0 })
})

it('revokes all that came of a sign-in when an answer is lost and the refresh token sent again', async () => {
  endpoint.failNext({ kind: 'cut', afterCommit: true })
  await expect(session.refresh()).rejects.toMatchObject({ reason: 'rotationLost' })
  expect(endpoint.counts).toEqual({ requests: 2, issued: 1, refused: 1, reused: 1 })
})

it('gives the same answer once more within a grace', async () => {
  await stop()
  await start({ graceMilliseconds: 60_000 })
  endpoint.failNext({ kind: 'cut', afterCommit: true })
  await session.refresh()
  await session.refresh()
  expect(endpoint.counts).toEqual({ requests: 3, issued: 3, refused: 0, reused: 0 })
})

it('cuts a connection before anything is issued', async () => {
  endpoint.failNext({ kind: 'cut' })
  await session.refresh()
  expect(endpoint.counts).toEqual({ requests: 2, issued: 1, refused: 0, reused: 0 })
})

it('answers what it is told, with Retry-After', async () => {
  endpoint.failNext({ kind: 'answer', status: 503, body: 'busy', retryAfter: 120 })
  const before = Date.now()
  const error = await session.refresh().catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'server', retryAt: expect.any(Number) })
  expect((error as { retryAt: number }).retryAt).toBeGreaterThanOrEqual(before + 119_000)
  endpoint.failNext({ kind: 'answer', status: 400, body: { error: 'invalid_client' } })
  endpoint.clearFaults()
  expect(endpoint.counts.issued).toBe(0)
})

it('keeps a request waiting, before or after the tokens are issued', async () => {
  for (const afterCommit of [false, true]) {
    endpoint.failNext({ kind: 'delay', milliseconds: 50, afterCommit })
    const asked = performance.now()
    await session.refresh()
    expect(performance.now() - asked).toBeGreaterThan(45)
  }
  expect(endpoint.counts).toMatchObject({ requests: 2, issued: 2 })
})

it('ends every sign-in when it is told to', async () => {
  endpoint.revoke()
  await expect(session.refresh()).rejects.toMatchObject({ reason: 'grantRejected' })
  expect(endpoint.counts).toMatchObject({ refused: 1, reused: 0 })
})

it('signs in by redirect without a network, each code once and with its verifier only', async () => {
  const answers = createTokenEndpoint({ issuer: 'https://login.acme.example/', claims: { sub: 'bob', name: 'Bob' } })
  const fetch = (input: string | URL | Request, init?: RequestInit) => answers.answer(new Request(input, init))
  const server = { issuer: answers.issuer, clientId: 'acme-web', fetch }
  const redirectUri = 'https://app.acme.example/callback'
  const begin = () => beginAuthorization({ ...server, redirectUri, scope: 'openid' })
  const { url, transaction } = await begin()
  const callback = (await fetch(url)).headers.get('location') ?? ''

  const { transaction: other } = await begin()
  const stolen = callback.replace(transaction.state, other.state)
  await expect(completeAuthorization(other, stolen, server)).rejects.toMatchObject({ serverCode: 'invalid_grant' })
  await expect(completeAuthorization(transaction, callback, server)).rejects.toMatchObject({
    serverCode: 'invalid_grant',
  })

  const again = await begin()
  const location = (await fetch(again.url)).headers.get('location') ?? ''
  await using signedIn = createSession({ key: 'test', store: memoryStore(), grant: refreshTokenGrant(server) })
  await signedIn.signIn(await completeAuthorization(again.transaction, location, server))
  expect(signedIn.claims).toMatchObject({ sub: 'bob', name: 'Bob', aud: 'acme-web' })
  await signedIn.refresh()
  expect(answers.counts).toMatchObject({ issued: 1, refused: 0 })
})

it('stands for an API: rejects tokens that are missing, taken back or expired', async () => {
  const ask = (answers: Pick<TokenEndpoint, 'rejection'>, accessToken?: string) => {
    const headers = accessToken === undefined ? undefined : { authorization: `Bearer ${accessToken}` }
    return answers.rejection(new Request('https://api.acme.example', { headers }))?.status
  }
  const { accessToken } = endpoint.signIn()
  expect([ask(endpoint), ask(endpoint, 'another'), ask(endpoint, accessToken)]).toEqual([401, 401, undefined])
  endpoint.revokeAccessTokens()
  expect(ask(endpoint, accessToken)).toBe(401)
  const expired = createTokenEndpoint({ issuer: 'https://login.acme.example', expiresIn: 0 })
  expect(ask(expired, expired.signIn().accessToken)).toBe(401)
})

it('signs in a user with the claims that it is given, and without an id token otherwise', async () => {
  expect(session.claims).toBeUndefined()
  await stop()
  await start({ claims: { sub: 'bob', name: 'Bob' } })
  expect(session.claims).toMatchObject({ sub: 'bob', name: 'Bob' })
})

it.each([
  [{ kind: 'down' }, /`kind` must be "answer", "cut" or "delay"/],
  [{ kind: 'answer', status: 42 }, /`status` must be an HTTP status from 200 to 599/],
  [{ kind: 'cut', aftercommit: true }, /`aftercommit` is not known/],
  [{ kind: 'delay' }, /`milliseconds` must be/],
])('refuses a fault that no token request could have: %o', (fault, message) => {
  expect(() => endpoint.failNext({ kind: 'cut' }, fault as never)).toThrow(message)
})

it('refuses options that are missing, malformed or unknown', async () => {
  expect(() => createTokenEndpoint({} as never)).toThrow(/`issuer` must be a URL/)
  expect(() => createTokenEndpoint({ issuer: 'acme' })).toThrow(/`issuer` must be a URL/)
  await expect(startTokenEndpoint({ expires: 2 } as never)).rejects.toThrow(/`expires` is not known/)
})
