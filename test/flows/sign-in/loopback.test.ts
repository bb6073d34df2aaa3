import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import {
  createSession,
  isConfigurationError,
  isSignInError,
  isStoreError,
  memoryStore,
  type SessionStore,
  type SignInErrorCode,
  StoreError,
} from '@authchart/core'
import { type Fetch, refreshTokenGrant } from '@authchart/core/oauth'
import { type LoopbackOptions, signInByLoopback } from '@authchart/node-store/loopback'
import { type AuthorizationServer, createBrowser, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { eventually } from '../../support/eventually.ts'

let server: AuthorizationServer

const hasIpv6 = Object.values(networkInterfaces()).some((of) => of?.some(({ address }) => address === '::1'))

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
afterEach(() => server.faults.clear())
afterAll(() => server.close())

const client = () => ({ issuer: server.issuer, clientId: server.publicClient.id })
const asked = () => ({ ...client(), scope: 'openid offline_access', prompt: 'consent', onUrl: () => {} })

function open(store: SessionStore = memoryStore(), issuer = client().issuer) {
  return createSession({ key: 'acme:alice', store, grant: refreshTokenGrant({ ...client(), issuer }) })
}

const isRefusal = (code: SignInErrorCode, serverCode?: string) => (error: unknown) =>
  isSignInError(error) && error.code === code && error.serverCode === serverCode

/** Begins a sign-in; gives the address that the user was told once the listener listens. */
async function begin(session: ReturnType<typeof open>, options: Partial<LoopbackOptions> = {}) {
  const told = Promise.withResolvers<URL>()
  const onUrl = (url: string) => told.resolve(new URL(url))
  const result = signInByLoopback(session, { ...asked(), openBrowser: false, ...options, onUrl })
  const outcome = result.then(
    (snapshot) => ({ snapshot, error: undefined }),
    (error: unknown) => ({ snapshot: undefined, error }),
  )
  const url = await told.promise
  const redirectUri = new URL(String(url.searchParams.get('redirect_uri')))
  const state = String(url.searchParams.get('state'))
  const comeBack = async (as = createBrowser()) => as.visit(url, { until: redirectUri.href })
  return { outcome, url, redirectUri, state, comeBack }
}

/** One request whose headers are the test's own. */
function send(url: URL, options: { method?: string; host?: string; path?: string; destination?: string } = {}) {
  const { method = 'GET', host = url.host, path = url.pathname + url.search, destination } = options
  const headers = { host, ...(destination === undefined ? {} : { 'sec-fetch-dest': destination }) }
  return new Promise<number | undefined>((resolve, reject) => {
    const sent = request(
      { host: url.hostname.replace(/[[\]]/g, ''), port: url.port, method, path, headers },
      (response) => {
        response.resume().once('end', () => resolve(response.statusCode))
      },
    )
    sent.once('error', reject).end()
  })
}

describe('signing in by the loopback interface', () => {
  test('signs the session in, and shows a page that says so', async () => {
    await using session = open()
    const pages: { page: string; headers: Headers }[] = []
    const snapshot = await signInByLoopback(session, {
      ...asked(),
      loginHint: 'dora',
      async openBrowser(url) {
        const response = await createBrowser().open(url)
        pages.push({ page: await response.text(), headers: response.headers })
      },
    })
    expect(snapshot).toMatchObject({ status: 'fresh', usable: true })
    const { value } = await session.getAccessToken()
    expect(await server.findAccessToken(value)).toMatchObject({ subject: 'dora' })
    expect(session.claims).toMatchObject({ sub: 'dora', aud: server.publicClient.id })
    await eventually(() => pages.length === 1, { description: 'the page' })
    const [{ page, headers } = { page: '', headers: new Headers() }] = pages
    expect(page).toMatch(/<title>You are signed in<\/title>[\s\S]*close this window/)
    expect(page).toContain('prefers-color-scheme: dark')
    expect(page).not.toMatch(/https?:|src=|href=|<script/)
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; /)
    expect(Object.fromEntries(headers)).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' })
    await session.refresh()
  })

  test('goes on waiting after requests that are not the answer, and is signed in by the one that is', async () => {
    await using session = open()
    const { outcome, redirectUri, state, comeBack } = await begin(session)
    const callback = await comeBack()
    const wrong = (change: (url: URL) => void) => {
      const url = new URL(callback)
      change(url)
      return send(url)
    }
    expect(await wrong((url) => url.searchParams.set('state', 'wrong'))).toBe(400)
    expect(await wrong((url) => url.searchParams.delete('state'))).toBe(400)
    expect(await wrong((url) => url.searchParams.append('state', state))).toBe(400)
    expect(await send(new URL(`${redirectUri.href}?code=stolen`))).toBe(400)
    // A page that fetches or frames this: not the user's own window.
    const refusal = new URL(`${redirectUri.href}?error=access_denied`)
    for (const destination of ['empty', 'image', 'iframe']) expect(await send(refusal, { destination })).toBe(400)
    expect(await send(new URL('/favicon.ico', redirectUri))).toBe(404)
    expect(await send(new URL('/', callback))).toBe(404)
    for (const method of ['HEAD', 'POST', 'OPTIONS', 'DELETE']) expect(await send(callback, { method })).toBe(405)
    // The name of another, which was bound to this address a moment ago.
    expect(await send(callback, { host: `rebound.example:${callback.port}` })).toBe(421)
    expect(await send(callback, { host: `localhost:${callback.port}` })).toBe(421)
    expect(await send(callback, { path: `http://127.0.0.1:${callback.port}${callback.pathname}` })).toBe(400)
    expect(session.getSnapshot().status).toBe('signedOut')
    const page = await (await fetch(new URL('?state=wrong', callback))).text()
    expect(page).toContain('The program goes on waiting')
    expect(page).not.toContain('wrong')

    expect(await send(callback)).toBe(200)
    expect((await outcome).snapshot).toMatchObject({ status: 'fresh' })
  })

  test('shows a second hit the same page, and exchanges the code once', async () => {
    await using session = open()
    const { outcome, comeBack } = await begin(session)
    const callback = await comeBack()
    server.resetCounts()
    const gate = server.faults.hold({ grantType: 'authorization_code' })
    const first = fetch(callback).then((response) => response.text())
    await gate.arrived()
    const second = fetch(callback).then((response) => response.text())
    const third = send(new URL(callback.href.replace(/code=[^&]+/, 'code=another')))
    await eventually(() => server.counts.open === 1, { description: 'the exchange' })
    gate.release()
    expect(await first).toContain('You are signed in')
    expect(await second).toBe(await first)
    expect(await third).toBe(200)
    expect((await outcome).snapshot).toBeDefined()
    expect(server.counts.byGrantType).toEqual({ authorization_code: 1 })
  })

  test('leaves no listener behind, and the port is free again', async () => {
    await using session = open()
    const { outcome, redirectUri, comeBack } = await begin(session)
    await fetch(await comeBack())
    await outcome
    await expect(fetch(redirectUri)).rejects.toThrow()
    const again = await begin(session, { port: Number(redirectUri.port) })
    expect(again.redirectUri.href).toBe(redirectUri.href)
    await fetch(await again.comeBack())
    expect((await again.outcome).snapshot).toMatchObject({ usable: true })
  })

  test('is refused when the user says no, with a page that says so', async () => {
    await using session = open()
    const { outcome, comeBack } = await begin(session)
    server.denyNextConsent()
    const page = await (await fetch(await comeBack())).text()
    expect(page).toContain('The sign-in was refused')
    expect((await outcome).error).toSatisfy(isRefusal('refused', 'access_denied'))
    expect(session.getSnapshot().status).toBe('signedOut')
  })

  test.each([
    ['its word', 'access_denied', 'access_denied'],
    ['no word that can be shown', 'no <b>canary</b>', undefined],
  ])('is refused by an error without `state`, with %s, at once', async (_name, error, serverCode) => {
    await using session = open()
    const { outcome, redirectUri } = await begin(session)
    const page = await (await fetch(`${redirectUri.href}?${new URLSearchParams({ error })}`)).text()
    expect(page).toContain('The sign-in was refused')
    const refusal = (await outcome).error
    expect(refusal).toSatisfy(isRefusal('refused', serverCode))
    expect(String(refusal)).not.toContain('canary')
  })

  test('says that a port is taken, and takes the next of a list', async () => {
    await using session = open()
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()))
    const { port } = taken.address() as AddressInfo
    const options = { ...asked(), openBrowser: false } as const
    await expect(signInByLoopback(session, { ...options, port })).rejects.toSatisfy(
      (error) => isRefusal('portUnavailable')(error) && String(error).includes(String(port)),
    )
    await expect(signInByLoopback(session, { ...options, port: [port, port] })).rejects.toSatisfy(
      isRefusal('portUnavailable'),
    )
    const { outcome, redirectUri, comeBack } = await begin(session, { port: [port, 0] })
    expect(redirectUri.port).not.toBe(String(port))
    await fetch(await comeBack())
    expect((await outcome).snapshot).toMatchObject({ usable: true })
    await new Promise((resolve) => taken.close(resolve))
  })

  test('leaves port 80 out of the address, as browsers do', async ({ skip }) => {
    await using session = open()
    const told = Promise.withResolvers<string>()
    const controller = new AbortController()
    const options = { ...asked(), openBrowser: false, port: 80, signal: controller.signal } as const
    const signIn = signInByLoopback(session, { ...options, onUrl: (url) => told.resolve(url) })
    const begun = await Promise.race([told.promise, signIn.catch((error: unknown) => error)])
    if (isRefusal('portUnavailable')(begun)) skip('this process may not listen on port 80')
    const redirectUri = new URL(String(new URL(String(begun)).searchParams.get('redirect_uri')))
    expect(redirectUri.href).toBe('http://127.0.0.1/callback')
    expect(await send(new URL('?state=wrong', redirectUri))).toBe(400)
    controller.abort('enough')
    await expect(signIn).rejects.toBe('enough')
  })

  test('may use the name localhost, by IPv4 and IPv6, where the server wants that', async () => {
    await using other = await startAuthorizationServer({ redirectUris: ['http://localhost/callback'] })
    await using session = open(memoryStore(), other.issuer)
    const { outcome, redirectUri, comeBack } = await begin(session, { issuer: other.issuer, host: 'localhost' })
    expect(redirectUri.hostname).toBe('localhost')
    for (const address of hasIpv6 ? ['127.0.0.1', '[::1]'] : ['127.0.0.1']) {
      const url = new URL(`http://${address}:${redirectUri.port}${redirectUri.pathname}?state=wrong`)
      expect(await send(url, { host: redirectUri.host })).toBe(400)
      expect(await send(url)).toBe(421)
    }
    await fetch(await comeBack())
    expect((await outcome).snapshot).toMatchObject({ usable: true })
  })

  test('takes no port that another program has by IPv6, where a browser may take localhost for that', async () => {
    if (!hasIpv6) return
    await using session = open()
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '::1', () => resolve()))
    const { port } = taken.address() as AddressInfo
    const signIn = signInByLoopback(session, { ...asked(), openBrowser: false, host: 'localhost', port })
    await expect(signIn).rejects.toSatisfy(isRefusal('portUnavailable'))
    await new Promise((resolve) => taken.close(resolve))
  })

  test('revokes tokens that come after an abort', async () => {
    await using session = open()
    const controller = new AbortController()
    const { outcome, comeBack } = await begin(session, { signal: controller.signal })
    const gate = server.faults.hold({ grantType: 'authorization_code' })
    const page = comeBack().then((callback) => fetch(callback))
    await gate.arrived()
    server.resetCounts()
    controller.abort(new Error('never mind'))
    expect((await outcome).error).toBe(controller.signal.reason)
    await page
    gate.release()
    await server.until((counts) => counts.revocationRequests === 2, { description: 'both tokens to be revoked' })
  })

  test('sends no user anywhere after an abort that comes while it begins, and leaves no rejection unhandled', async () => {
    await using session = open()
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const controller = new AbortController()
    const fetchThenAbort: typeof fetch = async (url, init) => {
      const response = await fetch(url, init)
      process.nextTick(() => controller.abort(new Error('never mind')))
      return response
    }
    await using other = await startAuthorizationServer()
    const told: string[] = []
    const signIn = signInByLoopback(session, {
      ...asked(),
      issuer: other.issuer,
      fetch: fetchThenAbort as Fetch,
      signal: controller.signal,
      openBrowser: false,
      onUrl: (url) => told.push(url),
    })
    await expect(signIn).rejects.toThrow('never mind')
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect([told, unhandled]).toEqual([[], []])
  })

  test('times out when nobody comes', async () => {
    await using session = open()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { outcome, redirectUri } = await begin(session, { timeoutMilliseconds: 300 }).finally(() => {
      vi.advanceTimersByTime(300)
      vi.useRealTimers()
    })
    expect((await outcome).error).toSatisfy(isRefusal('timeout'))
    await expect(fetch(redirectUri)).rejects.toThrow()
  })

  test('is cancelled by its signal, with the signal’s own reason, while waiting and while exchanging', async () => {
    await using session = open()
    const reason = new Error('never mind')
    const waiting = new AbortController()
    const first = await begin(session, { signal: waiting.signal })
    waiting.abort(reason)
    expect((await first.outcome).error).toBe(reason)

    const exchanging = new AbortController()
    const second = await begin(session, { signal: exchanging.signal })
    const gate = server.faults.hold({ grantType: 'authorization_code' })
    const page = second.comeBack().then((callback) => fetch(callback))
    await gate.arrived()
    exchanging.abort(reason)
    expect((await second.outcome).error).toBe(reason)
    expect(await (await page).text()).toContain('The sign-in is over')
    gate.release()
    expect(session.getSnapshot().status).toBe('signedOut')

    const before = signInByLoopback(session, { ...asked(), signal: AbortSignal.abort(reason) })
    await expect(before).rejects.toBe(reason)
  })

  test('ends with what the app’s own opener throws', async () => {
    await using session = open()
    const problem = new Error('no display')
    const opened = signInByLoopback(session, { ...asked(), openBrowser: () => Promise.reject(problem) })
    await expect(opened).rejects.toBe(problem)
  })

  test('ends with what the app throws when it is told where to sign in, now or later', async () => {
    await using session = open()
    const problem = new Error('no display')
    const onUrls = [
      (() => Promise.reject(problem)) as LoopbackOptions['onUrl'],
      () => {
        throw problem
      },
    ]
    for (const onUrl of onUrls) {
      await expect(signInByLoopback(session, { ...asked(), openBrowser: false, onUrl })).rejects.toBe(problem)
    }
  })

  test('P46 changes nothing when somebody else signs in, and says so to both', async () => {
    await using session = open()
    const alice = await begin(session)
    await fetch(await alice.comeBack())
    await alice.outcome
    const { value } = await session.getAccessToken()
    const bob = await begin(session, { loginHint: 'bob' })
    expect(await (await fetch(await bob.comeBack())).text()).toContain('did not work out')
    expect((await bob.outcome).error).toSatisfy(isRefusal('subjectMismatch'))
    expect((await session.getAccessToken()).value).toBe(value)
    const asBob = await begin(session, { loginHint: 'bob', replaceSubject: true })
    await fetch(await asBob.comeBack())
    await asBob.outcome
    expect(session.claims?.sub).toBe('bob')
  })

  test('P52 fails before the browser opens when no store could keep it', async () => {
    const missing = new StoreError('storeMissing', 'There is no keyring here; use fileStore({ directory }) instead.')
    const stores: SessionStore[] = [
      { ...memoryStore(), check: () => Promise.reject(missing) },
      // A store without a check is read.
      { ...memoryStore(), read: () => Promise.reject(missing) },
    ]
    for (const store of stores) {
      await using session = open(store)
      let opened = 0
      const options = { ...asked(), openBrowser: () => (opened += 1), onUrl: () => (opened += 1) }
      server.resetCounts()
      await expect(signInByLoopback(session, options)).rejects.toBe(missing)
      expect(opened).toBe(0)
      await expect(session.checkStore()).rejects.toSatisfy(isStoreError)
    }
  })

  test.each([
    ['path', 'callback'],
    ['path', '/callback?a=b'],
    ['port', -1],
    ['port', 70_000],
    ['port', []],
    ['port', [8080, 'any']],
    ['host', '0.0.0.0'],
    ['subject', 41],
    ['openBrowser', true],
    ['onUrl', 'print'],
    ['timeoutMilliseconds', 0],
    ['timeoutMilliseconds', 2 ** 31],
    ['redirectUri', 'http://127.0.0.1/callback'],
    ['scopes', 'openid'],
    ['scope', ''],
    ['clientId', ''],
  ])('refuses the option %s when it is %j', async (option, value) => {
    await using session = open()
    const signIn = signInByLoopback(session, { ...asked(), openBrowser: false, [option]: value })
    await expect(signIn).rejects.toSatisfy((error) => isConfigurationError(error) && error.option === option)
  })
})
