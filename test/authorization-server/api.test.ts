import { createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Api,
  type AuthorizationServer,
  apiAnswers,
  type EchoedRequest,
  type HttpAnswer,
  startApi,
  startAuthorizationServer,
} from './index.ts'

let server: AuthorizationServer
let api: Api
let accessToken: string

beforeEach(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 60 } })
  api = await startApi({ authorizationServer: server })
  accessToken = (await server.signIn({ subject: 'bob' })).access_token
})

afterEach(async () => {
  await api.close()
  await server.close()
})

function call(path = '/items', init: RequestInit = {}, token = accessToken): Promise<Response> {
  return fetch(`${api.origin}${path}`, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } })
}

describe('an access token', () => {
  it('that is good is accepted and the request echoed, without the token', async () => {
    const body = randomBytes(1000)
    const response = await call('/items?page=2', { method: 'PUT', body, headers: { 'x-own': 'kept' } })
    const echo = (await response.json()) as EchoedRequest
    expect(echo).toMatchObject({
      method: 'PUT',
      path: '/items?page=2',
      headers: { 'x-own': 'kept', authorization: 'Bearer [redacted]' },
      bodyBytes: 1000,
      bodyHash: createHash('sha256').update(body).digest('hex'),
      body: body.toString('base64'),
      subject: 'bob',
      token: 1,
    })
    expect(api.counts).toMatchObject({
      total: 1,
      accepted: 1,
      bodyBytes: 1000,
      byStatus: { 200: 1 },
      byToken: { 1: 1 },
    })
  })

  it.each([
    ['has expired', () => server.expireAccessTokens()],
    ['was revoked', () => server.revokeAccessToken(accessToken)],
    ['belonged to a grant that was revoked', () => server.revokeGrant()],
  ])('that %s is rejected with a challenge', async (_name, end) => {
    await end()
    const response = await call()
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(api.counts).toMatchObject({ rejected: 1, accepted: 0 })
  })

  it('that nobody issued is rejected', async () => {
    expect((await call('/items', {}, 'made-up')).status).toBe(401)
    expect(api.requests[0]).toMatchObject({ authorization: 'invalid', outcome: 'rejected' })
  })

  it('that expires on its own is rejected from then on', async () => {
    const { expiresAt = 0 } = (await server.findAccessToken(accessToken)) ?? {}
    vi.useFakeTimers({ toFake: ['Date'], now: expiresAt - 1 })
    try {
      expect((await call()).status).toBe(200)
      vi.setSystemTime(expiresAt)
      expect((await call()).status).toBe(401)
    } finally {
      vi.useRealTimers()
    }
  })

  it('that is missing is asked for', async () => {
    const response = await fetch(api.origin)
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="api"'])
    expect(api.requests[0]).toMatchObject({ authorization: 'none', outcome: 'rejected' })
  })

  it('that was accepted last can be revoked', async () => {
    expect(await api.revokeLastAcceptedToken()).toBe(false)
    await call()
    expect(await api.revokeLastAcceptedToken()).toBe(true)
    expect((await call()).status).toBe(401)
  })
})

describe('a switch of the API', () => {
  it.each(Object.entries<HttpAnswer>(apiAnswers))('%s: answers so, once', async (_name, answer) => {
    api.faults.answerWith(answer)
    const response = await call()
    const challenge = answer.headers?.['www-authenticate']
    expect(response.status).toBe(answer.status)
    expect(response.headers.get('www-authenticate')).toBe(
      challenge === undefined ? null : [challenge].flat().join(', '),
    )
    expect((await call()).status).toBe(200)
    expect(api.counts).toMatchObject({ byFault: 1, accepted: 1 })
  })

  it('rejects the first requests that carry a given token, on a given path', async () => {
    const other = (await server.signIn()).access_token
    api.faults.answerWith(apiAnswers.invalidToken, { times: 2, accessToken, path: '/items' })
    const statuses = []
    for (const [path, token] of [
      ['/items', other],
      ['/else', accessToken],
      ['/items?page=1', accessToken],
      ['/items', accessToken],
      ['/items', accessToken],
    ] as const) {
      statuses.push((await call(path, {}, token)).status)
    }
    expect(statuses).toEqual([200, 200, 401, 401, 200])
  })

  it('rejects the first request of each token', async () => {
    const other = (await server.signIn()).access_token
    api.faults.rejectFirstOfEachToken(1)
    const statuses = []
    for (const token of [accessToken, accessToken, other, other]) statuses.push((await call('/', {}, token)).status)
    expect(statuses).toEqual([401, 200, 401, 200])
  })

  it('revokes the token that is presented', async () => {
    api.faults.revokePresentedToken()
    expect((await call()).status).toBe(401)
    expect(await server.findAccessToken(accessToken)).toBeUndefined()
    expect((await call()).status).toBe(401)
  })

  it('redirects to another origin, where the token does not follow', async () => {
    api.faults.redirectToOtherOrigin({ status: 308 })
    const response = await call('/items', { method: 'POST', body: 'kept' })
    expect(response.url).toBe(`${api.otherOrigin}/items`)
    expect(response.status).toBe(401)
    expect(api.counts).toMatchObject({ atOtherOrigin: 1, tokensAtOtherOrigin: 0 })
    expect(api.requests.at(-1)).toMatchObject({ at: 'otherOrigin', bodyBytes: 4, authorization: 'none' })
  })

  it('answers for the other origin', async () => {
    api.faults.redirectToOtherOrigin()
    api.faults.answerWith({ status: 200, body: 'elsewhere' }, { at: 'otherOrigin' })
    expect(await (await call()).text()).toBe('elsewhere')
  })

  it('holds requests until they are let go', async () => {
    const gate = api.faults.hold()
    const responses = [call(), call()]
    await gate.arrived(2)
    expect(api.counts).toMatchObject({ open: 2, accepted: 0 })
    gate.release()
    expect((await Promise.all(responses)).map(({ status }) => status)).toEqual([200, 200])
  })

  it('destroys the connection before or after the body', async () => {
    api.faults.destroyConnection()
    await expect(call('/', { method: 'POST', body: 'read' })).rejects.toThrow('fetch failed')
    expect(api.requests[0]).toMatchObject({ outcome: 'destroyed', bodyBytes: 4 })
    api.faults.destroyConnection({ beforeBody: true })
    await expect(call('/', { method: 'POST', body: 'unread' })).rejects.toThrow('fetch failed')
    expect(api.requests[1]).toMatchObject({ outcome: 'destroyed', bodyBytes: 0 })
  })

  it('is off after clear', async () => {
    api.faults.answerWith(apiAnswers.forbidden, { times: Number.POSITIVE_INFINITY })
    api.faults.rejectFirstOfEachToken(9)
    api.faults.clear()
    expect((await call()).status).toBe(200)
  })
})

it('counts the bytes of a stream as they arrive', async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: readable, duplex: 'half' }
  const response = call('/upload', init)
  await writer.write(new Uint8Array(70_000))
  await api.until(({ bodyBytes }) => bodyBytes === 70_000)
  await writer.close()
  const echo = (await (await response).json()) as EchoedRequest
  expect(echo).toMatchObject({
    bodyBytes: 70_000,
    bodyHash: createHash('sha256').update(Buffer.alloc(70_000)).digest('hex'),
  })
  expect(echo.body).toBeUndefined()
})

it('takes the token from a header of the app’s own', async () => {
  await using own = await startApi({ authorizationServer: server, header: 'X-Api-Token' })
  const response = await fetch(own.origin, { headers: { 'x-api-token': accessToken } })
  expect(response.status).toBe(200)
  expect(((await response.json()) as EchoedRequest).headers['x-api-token']).toBe('[redacted]')
})

it('goes down and comes back on the same port', async () => {
  await api.goDown()
  await expect(call()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  await api.comeBack()
  expect((await call()).status).toBe(200)
})

it('lets pages of other origins call it', async () => {
  const response = await fetch(api.origin, {
    method: 'OPTIONS',
    headers: { origin: 'http://page.example', 'access-control-request-headers': 'authorization,x-own' },
  })
  expect(response.status).toBe(204)
  expect(response.headers.get('access-control-allow-headers')).toBe('authorization,x-own')
  expect(api.counts.total).toBe(0)
})
