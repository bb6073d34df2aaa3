import { isConfigurationError, isSignInError, isStoreError } from '@authchart/core'
import { beginAuthorization, completeAuthorization, type EndSessionOptions, endSessionUrl } from '@authchart/core/oauth'
import { type AuthorizationServer, createBrowser, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findSecrets } from '../../support/find-secrets.ts'
import { publishing } from '../../support/published-metadata.ts'
import { openSession, openSignedInSession, sessionKey, tokenSetOf } from '../../support/signed-in-session.ts'
import { createTroubledStore } from '../../support/troubled-store.ts'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ path: '/tenant/a', lifetimes: { accessToken: 3600 } })
})
beforeEach(() => server.resetCounts())
afterEach(() => server.comeBack())
afterAll(() => server.close())

const client = () => ({ issuer: server.issuer, clientId: server.publicClient.id })

describe('signing out at the authorization server too', () => {
  test('goes by the URL that is made from the id token of the session, and back to the app', async () => {
    const browser = createBrowser()
    await using session = openSession(server)
    const { url, transaction } = await beginAuthorization({
      ...client(),
      redirectUri: server.redirectUri,
      scope: 'openid offline_access',
      prompt: 'consent',
    })
    const callback = await browser.visit(url, { until: server.redirectUri })
    await session.signIn(await completeAuthorization(transaction, callback, client()))
    const { value } = await session.getAccessToken()

    const { idToken } = await session.signOut({ returnIdToken: true })
    expect(await server.findAccessToken(value)).toBeUndefined()
    const signOutUrl = await endSessionUrl({
      ...client(),
      idTokenHint: idToken,
      postLogoutRedirectUri: server.signedOutPage,
      state: 'where-i-was',
    })
    const page = await (await browser.open(signOutUrl)).text()
    const action = /action="([^"]+)"/.exec(page)?.[1] ?? ''
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
    const form = new URLSearchParams({ xsrf, logout: 'yes' })
    const back = await browser.visit(action, { until: server.signedOutPage, form })
    expect(back.searchParams.get('state')).toBe('where-i-was')
  })

  test('is for those who ask for it: by default a sign-out hands over nothing', async () => {
    await using session = await openSignedInSession(server)
    expect(await session.signOut()).toEqual({})
    // Nobody is signed in any more; nothing is left of it here.
    expect(await session.signOut({ returnIdToken: true })).toEqual({})
  })

  test('P53 leaves no id token behind in the session, and hands it over offline too', async () => {
    const store = createTroubledStore()
    await using session = openSession(server, { store })
    const tokens = tokenSetOf(await server.signIn())
    await session.signIn(tokens)
    await server.goDown()
    expect(await session.signOut({ returnIdToken: true })).toEqual({ idToken: tokens.idToken })
    expect(findSecrets(session, [String(tokens.idToken)], { depth: 6 })).toEqual([])
    expect(JSON.stringify(await store.peek(sessionKey))).not.toContain(tokens.idToken)
    expect(await session.signOut({ returnIdToken: true })).toEqual({})
  })

  test('hands it over when the store can be told at last', async () => {
    const store = createTroubledStore()
    await using session = openSession(server, { store })
    const tokens = tokenSetOf(await server.signIn())
    await session.signIn(tokens)
    store.trouble('compareAndSet', 'fails')
    await expect(session.signOut({ returnIdToken: true })).rejects.toSatisfy(isStoreError)
    store.heal()
    expect(await session.signOut({ returnIdToken: true })).toEqual({ idToken: tokens.idToken })
  })

  test('refuses an option that it does not know', async () => {
    await using session = await openSignedInSession(server)
    await expect(session.signOut({ returnIDToken: true } as never)).rejects.toSatisfy(isConfigurationError)
    expect(session.getSnapshot().usable).toBe(true)
  })
})

describe('the URL that signs out', () => {
  test('names the client where there is no id token', async () => {
    const url = new URL(await endSessionUrl(client()))
    expect(url.href.startsWith(`${server.issuer}/`)).toBe(true)
    expect(Object.fromEntries(url.searchParams)).toEqual({ client_id: server.publicClient.id })
  })

  test.each([
    ['none', undefined],
    ['one in the clear', 'http://login.acme.example/end'],
    ['one that runs a script', 'javascript:alert(1)'],
  ])('is a clear error where the server offers %s', async (_name, end_session_endpoint) => {
    await using other = await startAuthorizationServer()
    const options = { ...client(), issuer: other.issuer, fetch: publishing({ end_session_endpoint }) }
    await expect(endSessionUrl(options)).rejects.toSatisfy(
      (error) => isSignInError(error) && error.code === 'refused' && error.message.includes('end_session_endpoint'),
    )
  })

  test('carries what a server wants by names of its own', async () => {
    const metadata = { end_session_endpoint: 'https://login.acme.example/logout' }
    const extraParameters = { logout_uri: 'https://acme.example/bye' }
    const url = new URL(await endSessionUrl({ ...client(), metadata, extraParameters }))
    expect(url.href.startsWith(metadata.end_session_endpoint)).toBe(true)
    expect(Object.fromEntries(url.searchParams)).toEqual({ client_id: server.publicClient.id, ...extraParameters })
  })

  test('keeps the query that the endpoint has', async () => {
    const end_session_endpoint = 'https://login.acme.example/end?tenant=a'
    const metadata = { issuer: server.issuer, token_endpoint: server.tokenEndpoint, end_session_endpoint }
    const url = new URL(await endSessionUrl({ ...client(), metadata }))
    expect(url.searchParams.get('tenant')).toBe('a')
  })

  test('is a SignInError while the server is down, and ends with its signal', async () => {
    const down = { ...client(), issuer: 'http://127.0.0.1:9' }
    await expect(endSessionUrl(down)).rejects.toSatisfy((error) => isSignInError(error) && error.code === 'unavailable')
    const reason = new Error('never mind')
    await expect(endSessionUrl({ ...client(), signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test.each([
    ['idTokenHint', ''],
    ['postLogoutRedirectUri', 7],
    ['state', ''],
    ['post_logout_redirect_uri', 'https://acme.example'],
  ])('refuses the option %s when it is %j', async (option, value) => {
    const options = { ...client(), [option]: value } as EndSessionOptions
    await expect(endSessionUrl(options)).rejects.toSatisfy(
      (error) => isConfigurationError(error) && error.option === option,
    )
  })
})
