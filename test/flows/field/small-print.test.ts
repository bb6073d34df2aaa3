import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import {
  createSession,
  isConfigurationError,
  isSessionEndedError,
  memoryStore,
  type Session,
  type SessionOptions,
} from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { getSessionActor } from '@authchart/core/machine'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { apiAnswers, oauthError, tokenAnswers } from '@authchart/test/authorization-server'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { collectNotices, noticesOf } from '../../support/notices.ts'
import { doors } from '../http/doors.ts'
import { startFixture } from '../http/fixture.ts'
import { outcomeOf, startField } from './fixture.ts'

const always = { times: Number.POSITIVE_INFINITY }
const ordinaryFetch = globalThis.fetch

afterEach(() => {
  globalThis.fetch = ordinaryFetch
})

/** One origin that serves the token endpoint at `/token` and the rest by the listener; its session holds `access-0`. */
async function startGateway(serve: RequestListener, options: Partial<SessionOptions> & { tokenType?: string } = {}) {
  const { tokenType = 'Bearer', ...sessionOptions } = options
  const server = createServer((request, response) => {
    request.resume()
    if (request.url !== '/token') return serve(request, response)
    const tokens = { access_token: 'access-1', refresh_token: 'refresh-1', token_type: tokenType, expires_in: 3600 }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(tokens))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const session: Session = createSession({
    key: 'acme:alice',
    store: memoryStore(),
    grant: refreshTokenGrant({ metadata: { issuer: origin, token_endpoint: `${origin}/token` }, clientId: 'acme' }),
    allowedOrigins: [origin],
    ...sessionOptions,
  })
  await session.signIn({ accessToken: 'access-0', refreshToken: 'refresh-0', expiresIn: 3600 })
  return {
    origin,
    session,
    async [Symbol.asyncDispose]() {
      await session.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const echoToken: RequestListener = (request, response) => response.end(request.headers.authorization ?? 'none')

describe('an authorized fetch in the place of the platform’s', () => {
  test('calls the platform’s, bare or wrapped, and not itself', async () => {
    await using gateway = await startGateway(echoToken)
    await using elsewhere = await startGateway(echoToken)
    globalThis.fetch = createFetch(gateway.session)
    const ask = async (origin: string) => (await fetch(origin)).text()
    expect([await ask(gateway.origin), await ask(elsewhere.origin)]).toEqual(['Bearer access-0', 'none'])
    const wrapped = globalThis.fetch
    globalThis.fetch = (input, init) => wrapped(input, { ...init })
    expect([await ask(gateway.origin), await ask(elsewhere.origin)]).toEqual(['Bearer access-0', 'none'])
    // The fetch of a second session, in the place of that.
    globalThis.fetch = createFetch(elsewhere.session)
    expect([await ask(gateway.origin), await ask(elsewhere.origin)]).toEqual(['Bearer access-0', 'Bearer access-0'])
  })

  test('lets token requests through, where the token endpoint is at an origin that carries the token', async () => {
    await using gateway = await startGateway(echoToken)
    const { session, origin } = gateway
    globalThis.fetch = createFetch(session)
    await session.signIn({ accessToken: 'access-0', refreshToken: 'refresh-0', expiresIn: 0 })
    expect(await (await fetch(`${origin}/api`)).text()).toBe('Bearer access-1')
  })
})

describe('signIn', () => {
  test.each([
    ['subject', { subject: 41 }],
    ['replaceSubject', { replaceSubject: 'yes' }],
    ['replaceSubjects', { replaceSubjects: true }],
  ])('refuses a malformed or unknown option, naming it: %s', async (option, options) => {
    await using field = await startField()
    const { session } = field
    const before = session.getSnapshot()
    const refused = session.signIn({ accessToken: 'a', refreshToken: 'r' }, options as never)
    await expect(refused).rejects.toSatisfy((error) => isConfigurationError(error) && error.option === option)
    expect(session.getSnapshot()).toBe(before)
  })

  test.each([10, 50_000])('shows claims that are nested %s deep, frozen to their depth', async (depth) => {
    await using field = await startField()
    const claims = `{"sub":"alice","deep":${'['.repeat(depth)}{"key":1}${']'.repeat(depth)}}`
    const idToken = ['{"alg":"RS256"}', claims, 'signature']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.')
    await field.session.signIn({ accessToken: 'access', idToken, expiresIn: 3600 }, { replaceSubject: true })
    let inner: unknown = field.session.claims?.deep
    while (Array.isArray(inner)) inner = inner[0]
    expect(inner).toEqual({ key: 1 })
    expect(Object.isFrozen(inner)).toBe(true)
  })
})

test('reportOutcome never throws, and the chart sees nothing but what it is for', async () => {
  await using field = await startField()
  const { session, apis } = field
  for (const outcome of [undefined, null, 41, 'rejected', {}, { outcome: 'unheard of' }, { outcome: 'rejected' }]) {
    session.reportOutcome(outcome as never)
  }
  expect(session.getSnapshot()).toMatchObject({ status: 'fresh' })
  const { generation } = session.getSnapshot()
  const origin = apis[0]?.origin ?? ''
  session.reportOutcome({ outcome: 'networkFailed', origin, generation, headers: { authorization: 'canary' } } as never)
  const { lastOutcome } = getSessionActor(session).getSnapshot().context
  expect(lastOutcome).toMatchObject({ outcome: 'networkFailed', origin, generation })
  expect(JSON.stringify(lastOutcome)).not.toContain('canary')
})

test('an app that reports one rejection after another costs as much as an origin that rejects', async () => {
  await using field = await startField()
  const { session, server, clock } = field
  for (let turn = 0; turn < 20; turn += 1) {
    const { generation } = await session.getAccessToken()
    for (const outcome of ['rejected', 'rejectedAfterRefresh'] as const) {
      session.reportOutcome({ outcome, origin: 'https://grpc.example', generation })
    }
    await clock.advance(1_000)
  }
  expect(server.counts.refreshes).toBe(1)
})

describe.each(doors)('through $name', ({ open }) => {
  test('a page to sign in at, of another origin, has not accepted the token', async () => {
    await using fixture = await startFixture()
    const { api, session } = fixture
    const send = open(session)
    // It rejects every token, and later redirects to where one could sign in.
    api.faults.answerWith(apiAnswers.invalidToken, { path: '/bad', times: 2 })
    expect((await send(`${api.origin}/bad`)).status).toBe(401)
    await eventually(() => session.getSnapshot().rejectedBy !== undefined, { description: 'the pause to be known' })
    api.faults.redirectToOtherOrigin({ status: 302, path: '/bad' })
    api.faults.answerWith({ status: 200 }, { path: '/bad', at: 'otherOrigin' })
    expect((await send(`${api.origin}/bad`)).status).toBe(200)
    api.faults.answerWith(apiAnswers.invalidToken, { ...always, path: '/bad' })
    expect((await send(`${api.origin}/bad`)).status).toBe(401)
    expect(fixture.server.counts.refreshes).toBe(1)
  })

  test('a 401 at the end of redirects that left for another listed origin is not held against the token', async () => {
    await using fixture = await startFixture()
    await using other = await startFixture()
    const { api, server, store } = { ...fixture, store: memoryStore() }
    await using session = createSession({
      key: 'acme:alice',
      store,
      grant: refreshTokenGrant({ issuer: server.issuer, clientId: server.publicClient.id }),
      allowedOrigins: [api.origin, api.otherOrigin, other.api.origin],
    })
    const tokens = await server.signIn()
    await session.signIn({ accessToken: tokens.access_token, refreshToken: tokens.refresh_token, expiresIn: 3600 })
    server.resetCounts()
    api.faults.redirectToOtherOrigin()
    const response = await open(session)(`${api.origin}/invoices`)
    expect([response.status, response.url]).toEqual([401, `${api.otherOrigin}/invoices`])
    expect(server.counts.total).toBe(0)
    expect(session.getSnapshot()).toMatchObject({ status: 'fresh' })
  })

  test.each([
    { status: 203, redirect: 'follow' },
    { status: 302, redirect: 'manual' },
  ] as const)('a $status counts as a rejection where the app says so', async ({ status, redirect }) => {
    const reject: RequestListener = (request, response) =>
      request.headers.authorization === 'Bearer access-1'
        ? response.end('ok')
        : response.writeHead(status, { location: '/sign-in' }).end('<html>Sign in</html>')
    await using unlisted = await startGateway(reject)
    expect((await open(unlisted.session)(`${unlisted.origin}/api`, { redirect })).status).toBe(status)
    await using listed = await startGateway(reject, { http: { rejectedStatuses: [status] } })
    expect((await open(listed.session)(`${listed.origin}/api`, { redirect })).status).toBe(200)
  })
})

test('a client that was refused and mended goes on by refresh(), in this process and in the next', async () => {
  await using field = await startField()
  const { server, session, clock } = field
  const notices = collectNotices(session)
  for (const answer of [oauthError('unauthorized_client'), tokenAnswers.invalidClient]) {
    server.faults.answerWith(answer)
    await expect(session.refresh()).rejects.toSatisfy(
      (error) => isSessionEndedError(error) && error.reason === 'clientRejected',
    )
    expect((await session.refresh()).expiresAt).toBeGreaterThan(clock.now())
    expect(session.getSnapshot()).toMatchObject({ status: 'fresh', signedIn: true })
  }
  expect(noticesOf(notices, 'recovered')).toHaveLength(2)
  server.faults.answerWith(tokenAnswers.invalidClient)
  await session.refresh().catch(() => {})
  const next = field.open()
  expect((await next.session.ready).reason).toBe('clientRejected')
  await next.session.refresh()
  expect(next.session.getSnapshot()).toMatchObject({ status: 'fresh' })
  await eventually(() => session.getSnapshot().status === 'fresh', { description: 'the first to follow' })
  expect(await outcomeOf(field.holders[0]?.fetch(field.apis[0]?.origin ?? '') ?? Promise.reject())).toBe('200')
})

test('a refresh that brings tokens bound to a key, where there is none, is not an end, and is not sent', async () => {
  await using gateway = await startGateway(echoToken, { tokenType: 'DPoP' })
  const { session, origin } = gateway
  const send = createFetch(session)
  await expect(session.refresh()).rejects.toMatchObject({ code: 'tokenUnusable' })
  expect(session.getSnapshot()).toMatchObject({ signedIn: true, usable: true })
  expect(await (await send(`${origin}/api`)).text()).toBe('Bearer access-0')
})

test('what functions of the app reject with, in another realm too, goes unhandled nowhere', async () => {
  const shown = vi.spyOn(console, 'error').mockImplementation(() => {})
  const unhandled: unknown[] = []
  const hear = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', hear)
  const reject = runInNewContext('() => Promise.reject(new Error("of another realm"))')
  // biome-ignore lint/suspicious/noThenProperty: a thenable that fails is what this is about
  const rejectLater = () => ({ then: (_: unknown, fail: (reason: Error) => void) => fail(new Error('of a thenable')) })
  try {
    for (const fails of [reject, rejectLater, () => Promise.reject(new Error('of this realm'))]) {
      await using field = await startField({ debug: fails, classifyFailure: fails as never })
      const { session, server } = field
      session.subscribe(fails)
      session.on('*', fails)
      server.faults.answerWith(tokenAnswers.unavailable)
      await session.refresh().catch(() => {})
      await setImmediate()
    }
    expect(unhandled).toEqual([])
    expect(shown).toHaveBeenCalled()
  } finally {
    process.off('unhandledRejection', hear)
    shown.mockRestore()
  }
})
