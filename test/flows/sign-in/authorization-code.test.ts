import { createSession, isConfigurationError, isSignInError, memoryStore, type SignInErrorCode } from '@authchart/core'
import {
  type AuthorizationOptions,
  type AuthorizationTransaction,
  beginAuthorization,
  clientSecretPost,
  completeAuthorization,
  refreshTokenGrant,
} from '@authchart/core/oauth'
import { type AuthorizationServer, createBrowser, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'

let server: AuthorizationServer
let strict: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 60 } })
  strict = await startAuthorizationServer({ path: '/tenant/a', requirePushedAuthorizationRequests: true })
})
afterEach(() => server.faults.clear())
afterAll(() => Promise.all([server.close(), strict.close()]))

const optionsFor = ({ issuer, publicClient, redirectUri }: AuthorizationServer) => ({
  issuer,
  clientId: publicClient.id,
  redirectUri,
  scope: 'openid offline_access',
  prompt: 'consent',
})
const clientOf = ({ issuer, publicClient }: AuthorizationServer) => ({ issuer, clientId: publicClient.id })

/** Begins a sign-in and lets a browser go through it. */
async function goThrough(at: AuthorizationServer, options: Partial<AuthorizationOptions> = {}) {
  const { url, transaction } = await beginAuthorization({ ...optionsFor(at), ...options })
  const callback = await createBrowser().visit(url, { until: at.redirectUri })
  return { url: new URL(url), transaction, callback }
}

const isRefusal = (code: SignInErrorCode, serverCode?: string) => (error: unknown) =>
  isSignInError(error) && error.code === code && error.serverCode === serverCode

describe('a sign-in by authorization code', () => {
  test('gives the tokens of whoever signed in, and a session lives on them', async () => {
    const { url, transaction, callback } = await goThrough(server, { loginHint: 'carol' })
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ code_challenge_method: 'S256', login_hint: 'carol' })
    const kept = JSON.parse(JSON.stringify(transaction)) as AuthorizationTransaction
    const tokens = await completeAuthorization(kept, callback.href, clientOf(server))
    await using session = createSession({
      key: 'acme',
      store: memoryStore(),
      grant: refreshTokenGrant(clientOf(server)),
    })
    await session.signIn(tokens)
    const { value } = await session.refresh()
    expect(await server.findAccessToken(value)).toMatchObject({ subject: 'carol' })
    expect(tokens.refreshTokenAdvice).toBeUndefined()
  })

  test('pushes its request where the server requires it, and works below a path', async () => {
    const { url, transaction, callback } = await goThrough(strict)
    expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
    expect(url.pathname).toBe('/tenant/a/auth')
    const tokens = await completeAuthorization(transaction, callback, clientOf(strict))
    expect(await strict.findAccessToken(tokens.accessToken)).toMatchObject({ subject: 'alice' })
    expect(tokens.refreshToken).toBeDefined()
  })

  test('pushes its request where the app asks for it, as a client with a secret', async () => {
    const { id: clientId, secret } = server.secretPostClient
    const client = { issuer: server.issuer, clientId, clientAuthentication: clientSecretPost(secret) }
    const { url, transaction, callback } = await goThrough(server, { ...client, pushRequest: true })
    expect(url.searchParams.has('state')).toBe(false)
    expect((await completeAuthorization(transaction, callback, client)).refreshToken).toBeDefined()
    await expect(
      beginAuthorization({ ...optionsFor(server), clientId, clientSecret: 'wrong', pushRequest: true }),
    ).rejects.toSatisfy(isRefusal('refused', 'invalid_client'))
  })

  test('asks for an access token for one resource server, and with several for the one the app names', async () => {
    const [orders, stock] = ['https://api.orders.example', 'https://api.stock.example']
    const one = await goThrough(server, { resource: orders, scope: 'openid api' })
    const forOne = await completeAuthorization(one.transaction, one.callback, clientOf(server))
    expect(await server.findAccessToken(forOne.accessToken)).toMatchObject({ audience: orders })

    const both = await goThrough(server, { resource: [orders, stock], scope: 'openid offline_access api' })
    const resource = stock
    const forStock = await completeAuthorization(both.transaction, both.callback, { ...clientOf(server), resource })
    expect(await server.findAccessToken(forStock.accessToken)).toMatchObject({ audience: stock })
    const grant = refreshTokenGrant({ ...clientOf(server), resource: orders })
    await using session = createSession({ key: 'orders', store: memoryStore(), grant })
    await session.signIn(forStock)
    const { value } = await session.refresh()
    expect(await server.findAccessToken(value)).toMatchObject({ audience: orders })
  })

  test.each([
    ['the scope', { scope: 'openid', prompt: 'login' }, /offline_access` when signing in\.$/],
    ['the prompt', { prompt: 'login' }, /^Sign in with `prompt: "consent"`/],
    ['the grant type of the client', { clientId: 'without-refresh' }, /Allow the client "without-refresh"/],
  ])('says that %s is missing where no refresh token came, and so does the notice', async (_name, changes, advice) => {
    await using other = await startAuthorizationServer({
      clients: [
        {
          client_id: 'without-refresh',
          token_endpoint_auth_method: 'none',
          application_type: 'native',
          grant_types: ['authorization_code'],
          redirect_uris: [server.redirectUri],
          scope: 'openid offline_access',
        },
      ],
    })
    const { transaction, callback } = await goThrough(other, changes)
    const client = { ...clientOf(other), clientId: transaction.clientId }
    const tokens = await completeAuthorization(transaction, callback, client)
    expect(tokens.refreshToken).toBeUndefined()
    expect(tokens.refreshTokenAdvice).toMatch(advice)
    await using session = createSession({ key: 'a', store: memoryStore(), grant: refreshTokenGrant(client) })
    const said: string[] = []
    session.on('refreshTokenMissing', (notice) => said.push(notice.advice))
    await session.signIn(tokens)
    expect(said).toEqual([tokens.refreshTokenAdvice])
  })
})

test('refreshTokenMissing goes by the preset where the app has signed in by itself', async () => {
  const google = {
    issuer: 'https://accounts.google.com',
    provider: { refreshTokenAdvice: 'Sign in with `access_type=offline`.' },
  }
  const grant = refreshTokenGrant({ ...google, clientId: 'app' })
  await using session = createSession({ key: 'a', store: memoryStore(), grant })
  const said: string[] = []
  session.on('refreshTokenMissing', ({ advice }) => said.push(advice))
  await session.signIn({ accessToken: 'access', expiresIn: 60 })
  await using plain = createSession({
    key: 'b',
    store: memoryStore(),
    grant: refreshTokenGrant({ issuer: 'https://login.acme.example', clientId: 'app' }),
  })
  plain.on('refreshTokenMissing', ({ advice }) => said.push(advice))
  await plain.signIn({ accessToken: 'access', expiresIn: 60 })
  expect(said).toEqual([google.provider.refreshTokenAdvice, expect.stringMatching(/`offline_access`/)])
  expect(said[1]).not.toContain('consent')
})

describe('a sign-in that does not come about', () => {
  test('is refused with the server’s code when the user says no', async () => {
    server.denyNextConsent()
    const { transaction, callback } = await goThrough(server)
    await expect(completeAuthorization(transaction, callback, clientOf(server))).rejects.toSatisfy(
      isRefusal('refused', 'access_denied'),
    )
    expect(server.counts.open).toBe(0)
  })

  test('is over when its code is sent a second time', async () => {
    const { transaction, callback } = await goThrough(server)
    await completeAuthorization(transaction, callback, clientOf(server))
    await expect(completeAuthorization(transaction, callback, clientOf(server))).rejects.toSatisfy(
      isRefusal('callbackRejected', 'invalid_grant'),
    )
  })

  test('cannot be completed with another’s transaction, nor at another server', async () => {
    const { transaction, callback } = await goThrough(server)
    const { transaction: other } = await goThrough(server)
    await expect(completeAuthorization(other, callback, clientOf(server))).rejects.toSatisfy(
      isRefusal('callbackRejected'),
    )
    await expect(completeAuthorization(transaction, callback, clientOf(strict))).rejects.toSatisfy(
      isRefusal('callbackRejected'),
    )
    // The code was not spent by any of these.
    await completeAuthorization(transaction, callback, clientOf(server))
  })

  test('cannot be completed by another client', async () => {
    const { transaction, callback } = await goThrough(server)
    const { id, secret } = server.secretPostClient
    const another = { issuer: server.issuer, clientId: id, clientAuthentication: clientSecretPost(secret) }
    server.resetCounts()
    await expect(completeAuthorization(transaction, callback, another)).rejects.toSatisfy(isRefusal('callbackRejected'))
    expect(server.counts.total).toBe(0)
  })

  test.each(['state', 'nonce', 'redirect_uri', 'code_challenge_method', 'response_type', 'request_uri', 'client_id'])(
    'is not begun where the app would set %s besides',
    async (name) => {
      const begun = beginAuthorization({ ...optionsFor(server), extraParameters: { [name]: 'mine' } })
      await expect(begun).rejects.toSatisfy(
        (error) => isConfigurationError(error) && error.option === `extraParameters.${name}`,
      )
    },
  )

  test('sends its code to no other server, though neither says in its answer which one it is', async () => {
    const { transaction, callback } = await goThrough(server)
    callback.searchParams.delete('iss')
    strict.resetCounts()
    const metadata = { issuer: strict.issuer, token_endpoint: strict.tokenEndpoint }
    await expect(completeAuthorization(transaction, callback, { ...clientOf(strict), metadata })).rejects.toSatisfy(
      isRefusal('callbackRejected'),
    )
    expect(strict.counts.total).toBe(0)
  })

  test('has a code that is of no use without its verifier', async () => {
    const { transaction, callback } = await goThrough(server)
    const { transaction: other } = await goThrough(server)
    const stolen = { ...transaction, codeVerifier: other.codeVerifier }
    await expect(completeAuthorization(stolen, callback, clientOf(server))).rejects.toSatisfy(
      isRefusal('callbackRejected', 'invalid_grant'),
    )
  })

  test.each([
    ['no `iss` though the server announces it', (url: URL) => url.searchParams.delete('iss')],
    ['the `iss` of another', (url: URL) => url.searchParams.set('iss', 'https://mallory.example')],
    ['two of `iss`', (url: URL) => url.searchParams.append('iss', server.issuer)],
    ['another `state`', (url: URL) => url.searchParams.set('state', 'another')],
    ['no `state`', (url: URL) => url.searchParams.delete('state')],
    ['two of `state`', (url: URL) => url.searchParams.append('state', 'x')],
    ['no code', (url: URL) => url.searchParams.delete('code')],
    ['an empty code', (url: URL) => url.searchParams.set('code', '')],
    ['two codes', (url: URL) => url.searchParams.append('code', 'another')],
    ['a token beside it', (url: URL) => url.searchParams.append('id_token', 'a.b.c')],
    ['a response in a JWT', (url: URL) => url.searchParams.append('response', 'a.b.c')],
  ])('is rejected when the callback has %s, before anything is sent', async (_name, change) => {
    const { transaction, callback } = await goThrough(server)
    server.resetCounts()
    const changed = new URL(callback)
    change(changed)
    await expect(completeAuthorization(transaction, changed, clientOf(server))).rejects.toSatisfy(
      isRefusal('callbackRejected'),
    )
    expect(server.counts.total).toBe(0)
    await completeAuthorization(transaction, callback, clientOf(server))
  })

  test('is expired when it was begun more than an hour ago, and not at an hour', async () => {
    const hour = 60 * 60 * 1000
    const { transaction, callback } = await goThrough(server)
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const old = { ...transaction, startedAt: Date.now() - hour - 1 }
      await expect(completeAuthorization(old, callback, clientOf(server))).rejects.toSatisfy(isRefusal('expired'))
      const younger = { ...transaction, startedAt: Date.now() - hour }
      await completeAuthorization(younger, callback, clientOf(server))
    } finally {
      vi.useRealTimers()
    }
  })

  test.each([
    ['nothing', undefined],
    ['text', 'transaction'],
    ['an empty object', {}],
    ['one whose state is no text', { state: 7 }],
    ['one whose nonce is no text', { nonce: {} }],
    ['one whose time is none', { startedAt: Number.NaN }],
    ['one whose resources are none', { resource: [1] }],
  ])('is rejected when what was kept is %s', async (_name, kept) => {
    const { transaction, callback } = await goThrough(server)
    const changed = typeof kept === 'object' && Object.keys(kept).length > 0 ? { ...transaction, ...kept } : kept
    await expect(completeAuthorization(changed as never, callback, clientOf(server))).rejects.toSatisfy(
      isRefusal('callbackRejected'),
    )
  })

  test('is unavailable while the server is down, whichever step it is at', async () => {
    await using other = await startAuthorizationServer()
    await expect(beginAuthorization({ ...optionsFor(other), issuer: 'http://127.0.0.1:9' })).rejects.toSatisfy(
      isRefusal('unavailable'),
    )
    const { transaction, callback } = await goThrough(other)
    await other.goDown()
    await expect(completeAuthorization(transaction, callback, clientOf(other))).rejects.toSatisfy(
      (error) => isRefusal('unavailable')(error) && (error as { retryable: boolean }).retryable,
    )
    await expect(beginAuthorization({ ...optionsFor(other), pushRequest: true })).rejects.toSatisfy(
      isRefusal('unavailable'),
    )
  })

  test('is cancelled by its signal, with the signal’s own reason', async () => {
    const reason = new Error('never mind')
    const aborted = AbortSignal.abort(reason)
    const { transaction, callback } = await goThrough(server)
    await expect(beginAuthorization({ ...optionsFor(server), signal: aborted })).rejects.toBe(reason)
    const options = { ...clientOf(server), signal: aborted }
    await expect(completeAuthorization(transaction, callback, options)).rejects.toBe(reason)

    const gate = server.faults.hold({ grantType: 'authorization_code' })
    const controller = new AbortController()
    const completed = completeAuthorization(transaction, callback, { ...clientOf(server), signal: controller.signal })
    await gate.arrived()
    controller.abort(reason)
    await expect(completed).rejects.toBe(reason)
    gate.release()
  })
})
