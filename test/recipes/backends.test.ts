import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { afterEach, describe, expect, it } from 'vitest'
import type { BffOptions } from './bff-forward.ts'
import * as express from './express.ts'
import * as fastify from './fastify.ts'
import { startFixture } from './fixture.ts'
import * as hono from './hono.ts'

const listeners: Record<string, (options: BffOptions) => RequestListener | Promise<RequestListener>> = {
  Hono: (options) => getRequestListener(hono.createBff(options).fetch),
  Express: (options) => express.createBff(options),
  async Fastify(options) {
    const app = fastify.createBff(options)
    await app.ready()
    return app.routing
  },
}

let open: Server | undefined
afterEach(() => {
  open?.closeAllConnections()
  open?.close()
})

async function serve(listener: RequestListener): Promise<string> {
  open = createServer(listener).listen(0, '127.0.0.1')
  await once(open, 'listening')
  return `http://127.0.0.1:${(open.address() as AddressInfo).port}`
}

describe.each(Object.keys(listeners))('a backend for a browser, in %s', (name) => {
  it('adds the token of the user whose cookie came, refreshes it, and says when to sign in and when to wait', async () => {
    await using fixture = await startFixture()
    const { session, server } = fixture
    const findSession = (cookie: string | null) => (cookie === 'user=alice' ? session : undefined)
    const origin = await serve((await listeners[name]?.({ apiOrigin: fixture.origin, findSession })) as RequestListener)
    const headers = { cookie: 'user=alice', 'x-requested-with': 'fetch', 'content-type': 'application/json' }
    const order = (changed: Record<string, string> = {}) =>
      fetch(`${origin}/api/orders?now`, {
        method: 'POST',
        body: '{"article":"tea"}',
        headers: { ...headers, ...changed },
      })

    server.expireAccessTokens()
    const answer = (await (await order()).json()) as { path: string; body: string; headers: Record<string, string> }
    expect(answer).toMatchObject({
      path: '/api/orders?now',
      method: 'POST',
      subject: 'alice',
      body: btoa('{"article":"tea"}'),
    })
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json' })
    expect(answer.headers).not.toHaveProperty('cookie')
    expect(server.counts.refreshes).toBe(1)

    expect((await order({ cookie: 'user=bob' })).status).toBe(401)
    expect((await fetch(`${origin}/api/orders`, { headers: { cookie: 'user=alice' } })).status).toBe(403)

    await session.signOut()
    const refused = await order()
    expect([refused.status, await refused.json()]).toEqual([401, { error: 'signInNeeded' }])
  })
})

it('a backend says when to come back while no token can be had', async () => {
  await using fixture = await startFixture()
  const { session, server } = fixture
  const { access_token: accessToken, refresh_token: refreshToken } = await server.signIn()
  await session.signIn({ accessToken, refreshToken, expiresIn: 0 })
  server.faults.answerWith({ status: 429, headers: { 'retry-after': '60' } })
  const origin = await serve(
    (await listeners.Hono?.({ apiOrigin: fixture.origin, findSession: () => session })) as RequestListener,
  )
  const answer = await fetch(`${origin}/api/orders`, { headers: { 'x-requested-with': 'fetch' } })
  expect([answer.status, await answer.json()]).toEqual([503, { error: 'throttled' }])
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(50)
})

it('a backend signs nobody out because the API rejects tokens, unless the session has ended by it', async () => {
  await using fixture = await startFixture()
  const { session, server } = fixture
  const origin = await serve(
    (await listeners.Hono?.({ apiOrigin: fixture.origin, findSession: () => session })) as RequestListener,
  )
  const order = async () => {
    const answer = await fetch(`${origin}/api/orders`, { headers: { 'x-requested-with': 'fetch' } })
    return [answer.status, await answer.json()]
  }

  server.expireAccessTokens()
  server.faults.answerWith({ status: 503 })
  expect(await order()).toEqual([503, { error: 'tokenRejected' }])
  server.faults.clear()
  await session.refresh()
  expect(await order()).toMatchObject([200, { subject: 'alice' }])
  server.expireAccessTokens()
  server.revokeGrant()
  expect(await order()).toEqual([401, { error: 'signInNeeded' }])
})
