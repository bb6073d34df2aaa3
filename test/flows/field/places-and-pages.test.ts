import type { RequestListener } from 'node:http'
import { createSession, memoryStore } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { apiAnswers } from '@authchart/test/authorization-server'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { doors } from '../http/doors.ts'
import { startFixture } from '../http/fixture.ts'
import { startGateway } from './gateway.ts'

const always = { times: Number.POSITIVE_INFINITY }
const ordinaryFetch = globalThis.fetch

afterEach(() => {
  globalThis.fetch = ordinaryFetch
})

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
    globalThis.fetch = (input, init) => wrapped(new Request(input, init))
    expect([await ask(gateway.origin), await ask(elsewhere.origin)]).toEqual(['Bearer access-0', 'none'])
    const calls = vi.fn()
    globalThis.fetch = async (input, init) => {
      await calls()
      return wrapped(input, init)
    }
    expect([await ask(gateway.origin), await ask(elsewhere.origin)]).toEqual(['Bearer access-0', 'none'])
    // Each once from the app, and once from the session.
    expect(calls).toHaveBeenCalledTimes(4)
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
