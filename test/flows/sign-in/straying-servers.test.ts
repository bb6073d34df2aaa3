import { createSession, isConfigurationError, isSignInError, memoryStore, type SignInErrorCode } from '@authchart/core'
import {
  type AuthorizationServerOptions,
  authorizationServer,
  beginAuthorization,
  beginDeviceAuthorization,
  completeAuthorization,
  endSessionUrl,
  type Fetch,
  refreshTokenGrant,
} from '@authchart/core/oauth'
import { type AuthorizationServer, createBrowser, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createIdToken } from '../../support/id-tokens.ts'
import { publishing } from '../../support/published-metadata.ts'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
afterEach(() => server.faults.clear())
afterAll(() => server.close())

const client = () => ({ issuer: server.issuer, clientId: server.publicClient.id })

/** Signs in by a browser; the callback and the options of the completion can be changed. */
async function signIn(
  options: Partial<AuthorizationServerOptions> = {},
  changeCallback: (callback: URL) => void = () => {},
) {
  const { redirectUri } = server
  const scope = 'openid offline_access'
  const request = { ...client(), ...options, redirectUri, scope, prompt: 'consent' }
  const { url, transaction } = await beginAuthorization(request)
  const callback = await createBrowser().visit(url, { until: redirectUri })
  changeCallback(callback)
  return completeAuthorization(transaction, callback, { ...client(), ...options })
}

/** Has the next sign-in bring an id token with these claims besides its own. */
function issueClaims(changes: Record<string, unknown>, header?: Record<string, unknown>) {
  const alter = (members: Record<string, unknown>) => {
    const payload = String(members.id_token).split('.')[1] ?? ''
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
    return { ...members, id_token: createIdToken({ ...claims, ...changes }, header) }
  }
  server.faults.alterAnswer(alter, { grantType: 'authorization_code' })
}

const isFailure =
  (code: SignInErrorCode, ...words: string[]) =>
  (error: unknown) =>
    isSignInError(error) && error.code === code && words.every((word) => error.message.includes(word))

describe('an id token that strays from OpenID Connect', () => {
  const hour = 3600
  const now = () => Math.floor(Date.now() / 1000)

  test.each<[string, Record<string, unknown>, Record<string, unknown>, AuthorizationServerOptions['idTokens']]>([
    ['without a nonce', { nonce: undefined }, {}, { acceptWithoutNonce: true }],
    ['with an empty nonce', { nonce: '' }, {}, { acceptEmptyNonce: true }],
    ['signed with the client secret', {}, { alg: 'HS256' }, { acceptHs256: true }],
    ['expired an hour ago', { exp: now() - hour }, {}, { clockToleranceMilliseconds: 2 * hour * 1000 }],
    ['valid in an hour', { nbf: now() + hour }, {}, { clockToleranceMilliseconds: 2 * hour * 1000 }],
  ])(
    '%s is refused by default, and accepted by an option that the error names',
    async (_name, claims, header, idTokens) => {
      issueClaims(claims, header)
      const [option = ''] = Object.keys(idTokens ?? {})
      await expect(signIn()).rejects.toSatisfy(isFailure('idTokenRejected', option))
      issueClaims(claims, header)
      expect(await signIn({ idTokens })).toMatchObject({ refreshToken: expect.any(String) })
    },
  )

  test('of another sign-in is refused whatever the options say', async () => {
    issueClaims({ nonce: 'of another sign-in' })
    const idTokens = { acceptWithoutNonce: true, acceptEmptyNonce: true, acceptHs256: true }
    await expect(signIn({ idTokens })).rejects.toSatisfy(isFailure('idTokenRejected', 'nonceMismatch'))
    issueClaims({}, { alg: 'none' })
    await expect(signIn({ idTokens })).rejects.toSatisfy(isFailure('idTokenRejected', 'algorithmNotAccepted'))
  })

  test.each([
    ['ahead', hour],
    ['behind', -hour],
  ])('P79 is judged by the server’s clock where this device’s is wrong: an hour %s', async (_name, skew) => {
    const at = now() + skew
    const withDate: Fetch = async (url, init) => {
      const response = await fetch(url, init)
      if (url !== server.tokenEndpoint) return response
      const headers = new Headers(response.headers)
      headers.set('date', new Date(at * 1000).toUTCString())
      return new Response(response.body, { status: response.status, headers })
    }
    const claims = { iat: at, nbf: at, exp: at + 300 }
    issueClaims(claims)
    await expect(signIn()).rejects.toSatisfy(isFailure('idTokenRejected'))
    issueClaims(claims)
    expect(await signIn({ fetch: withDate })).toMatchObject({ idToken: expect.any(String) })
  })
})

describe('an issuer', () => {
  test('P81 may be written with or without its slash at the end, from the sign-in to the sign-out', async () => {
    const issuer = `${server.issuer}/`
    const { url, transaction } = await beginAuthorization({
      ...client(),
      redirectUri: server.redirectUri,
      scope: 'openid offline_access',
      prompt: 'consent',
    })
    const callback = await createBrowser().visit(url, { until: server.redirectUri })
    const tokens = await completeAuthorization(transaction, callback, { ...client(), issuer })
    await using session = createSession({
      key: 'a',
      store: memoryStore(),
      grant: refreshTokenGrant({ ...client(), issuer }),
    })
    await session.signIn(tokens)
    await session.refresh()
    expect(session.claims).toMatchObject({ iss: server.issuer })
    const { value } = await session.getAccessToken()
    await session.signOut()
    expect(await server.findAccessToken(value)).toBeUndefined()
  })

  test('that the server does not go by is an option to be mended, and both are named', async () => {
    await using other = await startAuthorizationServer()
    const fetch = publishing({ issuer: 'https://login.acme.example/v2' })
    await expect(signIn({ issuer: other.issuer, fetch })).rejects.toSatisfy(
      (error) =>
        isConfigurationError(error) &&
        error.option === 'issuer' &&
        [`"${other.issuer}/"`, '"https://login.acme.example/v2"'].every((word) => error.message.includes(word)),
    )
  })

  test('whose metadata cannot be found is told with the URL and the option that helps', async () => {
    const issuer = `${server.issuer}/nowhere`
    const failure = isFailure('unavailable', `${issuer}/.well-known/openid-configuration answered 404`, '`metadata`')
    await expect(signIn({ issuer })).rejects.toSatisfy(failure)
    const grant = refreshTokenGrant({ ...client(), issuer })
    await using session = createSession({ key: 'acme:alice', store: memoryStore(), grant })
    await session.signIn({ accessToken: 'access', refreshToken: 'refresh', expiresIn: 3600 })
    const error: unknown = await session.refresh().catch((reason: unknown) => reason)
    for (const word of [`${issuer}/.well-known/openid-configuration answered 404`, '`metadata`']) {
      expect(String(error)).toContain(word)
    }
  })
})

describe('metadata that the app gives', () => {
  test('completes what the server publishes, and goes before it', async () => {
    await using other = await startAuthorizationServer()
    const fetch = publishing({ end_session_endpoint: undefined, authorization_endpoint: 'https://wrong.example/' })
    const metadata = {
      end_session_endpoint: 'https://login.acme.example/bye',
      authorization_endpoint: `${other.issuer}/auth`,
    }
    const options = { ...client(), issuer: other.issuer, fetch, metadata }
    expect((await signIn(options)).refreshToken).toEqual(expect.any(String))
    expect(await endSessionUrl(options)).toContain(metadata.end_session_endpoint)
  })

  test('is enough where the server publishes nothing', async () => {
    await using other = await startAuthorizationServer()
    const asked: string[] = []
    const fetch: Fetch = async (url, init) => {
      asked.push(new URL(url).pathname)
      return url.includes('.well-known') ? new Response(null, { status: 404 }) : globalThis.fetch(url, init)
    }
    const metadata = { authorization_endpoint: `${other.issuer}/auth`, token_endpoint: other.tokenEndpoint }
    const options = { issuer: other.issuer, fetch, metadata }
    expect((await signIn(options)).refreshToken).toEqual(expect.any(String))
    expect(asked).toEqual(['/token'])
    await expect(endSessionUrl({ ...client(), ...options })).rejects.toSatisfy(isFailure('refused'))
  })
})

describe('what else the answers say', () => {
  test('P90 is kept where the app asks for it, carried forward, and sealed with the tokens', async () => {
    const keepMembers = ['instance_url', 'realmId', 'never_sent']
    server.faults.alterAnswer((members) => ({ ...members, instance_url: 'https://eu1.acme.example' }), {
      grantType: 'authorization_code',
    })
    const checked = authorizationServer({ ...client(), keepMembers })
    const tokens = await signIn(checked, (callback) => callback.searchParams.set('realmId', '4620816365'))
    const details = { instance_url: 'https://eu1.acme.example', realmId: '4620816365' }
    expect(tokens.details).toEqual(details)

    const store = memoryStore()
    await using session = createSession({ key: 'a', store, grant: refreshTokenGrant(checked) })
    await session.signIn(tokens)
    await session.refresh()
    expect((await store.read('a'))?.secrets?.tokenSet.details).toEqual(details)
    server.faults.alterAnswer((members) => ({ ...members, instance_url: 'https://eu2.acme.example' }))
    await session.refresh()
    expect((await store.read('a'))?.secrets?.tokenSet.details).toEqual({
      ...details,
      instance_url: 'https://eu2.acme.example',
    })
    const told = JSON.stringify([session.getSnapshot(), await store.list()])
    expect(told).not.toContain('acme.example/')
    expect(told).not.toContain('4620816365')
  })

  test('P91 tells when the sign-in itself ends', async () => {
    server.faults.alterAnswer((members) => ({ ...members, refresh_expires_in: 1800 }), {
      grantType: 'authorization_code',
    })
    const store = memoryStore()
    await using session = createSession({ key: 'a', store, grant: refreshTokenGrant(client()) })
    await session.signIn(await signIn())
    const tokenSet = (await store.read('a'))?.secrets?.tokenSet
    expect(tokenSet?.signInExpiresAt).toBe((tokenSet?.receivedAt ?? 0) + 1_800_000)
    // The server rotates, and says nothing of the new one.
    await session.refresh()
    expect((await store.read('a'))?.secrets?.tokenSet).not.toHaveProperty('signInExpiresAt')
  })
})

test('a server that was checked once is taken by each way of signing in and out', async () => {
  const checked = authorizationServer(client())
  const tokens = await signIn(checked)
  expect(tokens.refreshToken).toEqual(expect.any(String))
  expect(await beginDeviceAuthorization(checked)).toMatchObject({ userCode: expect.any(String) })
  expect(await endSessionUrl({ ...checked, idTokenHint: tokens.idToken })).toContain('id_token_hint=')
  await expect(endSessionUrl({ ...checked, hint: 'a' } as never)).rejects.toSatisfy(isConfigurationError)
})
