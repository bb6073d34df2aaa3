import { isConfigurationError } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { createKyHooks } from '@authchart/core/ky'
import { apiAnswers } from '@authchart/test/authorization-server'
import ky from 'ky'
import { describe, expect, test } from 'vitest'
import { doors } from '../http/doors.ts'
import { readEcho } from '../http/fixture.ts'
import { startFixture } from './fixture.ts'

const post = { method: 'POST', body: JSON.stringify({ amount: 12 }), headers: { 'content-type': 'application/json' } }

function streamOf(content: string): RequestInit {
  // `duplex` is what fetch asks for with a stream; TypeScript does not know it.
  return { method: 'POST', body: new Blob([content]).stream(), duplex: 'half' } as RequestInit
}

describe.each(doors)('through $name, with tokens that are bound to a key', ({ name, open }) => {
  test('P62 each request has a proof of its own, for its method and its URL without the query', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    const send = open(session)
    expect((await send(`${api.origin}/orders?page=2#top`)).status).toBe(200)
    expect((await send(`${api.origin}/orders`, post)).status).toBe(200)
    expect((await send(`${api.origin}/a%20b/c?d=e`, { method: 'DELETE' })).status).toBe(200)
    expect(api.requests.map(({ proof }) => proof)).toEqual(['valid', 'valid', 'valid'])
    expect(server.counts.total).toBe(0)
  })

  test('P60 P61 a demand for a nonce costs one more request and no refresh, body and all, and the next has it', async () => {
    await using fixture = await startFixture()
    const { api, server, session, notices } = fixture
    api.dpop.requiresNonce = true
    const send = open(session)
    const before = notices.length
    const echo = await readEcho(await send(`${api.origin}/orders`, post))
    expect(Buffer.from(echo.body ?? '', 'base64').toString()).toBe(post.body)
    expect(api.requests.map(({ proof }) => proof)).toEqual(['nonceMissing', 'valid'])
    expect(new Set(api.requests.map(({ bodyHash }) => bodyHash)).size).toBe(1)
    expect((await send(`${api.origin}/orders`, post)).status).toBe(200)
    expect(api.counts.total).toBe(3)
    expect(server.counts.total).toBe(0)
    expect(notices).toHaveLength(before)
  })

  test('P60 nonces that are good for one request each fail none of 200, twenty at a time', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    api.dpop.requiresNonce = true
    api.dpop.useNoncesUp()
    const send = open(session)
    for (let turn = 0; turn < 10; turn += 1) {
      const responses = await Promise.all(Array.from({ length: 20 }, () => send(`${api.origin}/orders`, post)))
      expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]))
    }
    expect(server.counts.total).toBe(0)
  })

  test('P61 a nonce that comes with any response is the next one to be sent', async () => {
    await using fixture = await startFixture()
    const { api, session } = fixture
    api.dpop.requiresNonce = true
    const send = open(session)
    await send(api.origin)
    api.dpop.offerNonce()
    await send(api.origin)
    expect((await send(api.origin)).status).toBe(200)
    expect(api.requests.map(({ proof }) => proof)).toEqual(['nonceMissing', 'valid', 'valid', 'valid'])
    api.dpop.changeNonce()
    expect((await send(api.origin)).status).toBe(200)
    expect(api.counts.total).toBe(6)
  })

  test('P60 P62 a 401 after the nonce leads to one refresh and one more send, each with a proof of its own', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    api.faults.answerWith(apiAnswers.useDpopNonce)
    api.faults.revokePresentedToken()
    const send = open(session)
    const echo = await readEcho(await send(`${api.origin}/orders`, post))
    expect(Buffer.from(echo.body ?? '', 'base64').toString()).toBe(post.body)
    expect(echo.token).toBe(2)
    // A proof that comes twice is `invalid`.
    expect(api.requests.map(({ proof, status }) => [proof, status])).toEqual([
      ['valid', 401],
      ['valid', 401],
      ['valid', 200],
    ])
    expect(server.counts.refreshes).toBe(1)
  })

  test('a demand for a nonce without a nonce is a rejection like any other', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    api.faults.answerWith({ status: 401, headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"' } })
    expect((await open(session)(api.origin, post)).status).toBe(200)
    expect(api.counts.total).toBe(2)
    expect(server.counts.refreshes).toBe(1)
  })

  test('P60 a stream that meets a demand for a nonce is sent once, and the nonce is there for the next', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    api.dpop.requiresNonce = true
    const send = open(session)
    expect((await send(api.origin, streamOf('once'))).status).toBe(401)
    expect(api.counts.total).toBe(1)
    const echo = await readEcho(await send(api.origin, streamOf('once')))
    expect(Buffer.from(echo.body ?? '', 'base64').toString()).toBe('once')
    expect(api.counts.total).toBe(2)
    expect(server.counts.total).toBe(0)
  })

  test('P11 a redirect is not followed, and another origin gets neither token nor proof', async () => {
    await using fixture = await startFixture()
    const { api, session } = fixture
    api.faults.redirectToOtherOrigin()
    const send = open(session)
    await expect(send(api.origin, name === 'ky' ? { method: 'POST' } : {})).rejects.toThrow()
    expect((await send(api.otherOrigin)).status).toBe(401)
    const other = api.requests.filter(({ at }) => at === 'otherOrigin')
    expect(other).toHaveLength(1)
    expect(other[0]).toMatchObject({ authorization: 'none' })
    expect(other[0]?.proof).toBeUndefined()
  })

  test('a DPoP header of the caller’s own gives way to the one that fits the token', async () => {
    await using fixture = await startFixture()
    const { api, session } = fixture
    expect((await open(session)(api.origin, { headers: { dpop: 'of an old client' } })).status).toBe(200)
    expect(api.requests[0]?.proof).toBe('valid')
  })

  test('with the app’s own Authorization header nothing is added', async () => {
    await using fixture = await startFixture()
    const { api, session } = fixture
    expect((await open(session)(api.origin, { headers: { authorization: 'Basic YTpi' } })).status).toBe(401)
    expect(api.requests[0]?.proof).toBeUndefined()
  })
})

test('P62 a retry of ky’s own has a proof of its own', async () => {
  await using fixture = await startFixture()
  const { api, session } = fixture
  api.faults.answerWith(apiAnswers.serverError, { times: 2 })
  const client = ky.extend({ hooks: createKyHooks(session), retry: { limit: 2, delay: () => 1 } })
  expect((await client.get(`${api.origin}/orders`)).status).toBe(200)
  expect(api.requests.map(({ proof }) => proof)).toEqual(['valid', 'valid', 'valid'])
})

test('P60 ky meets a demand for a nonce whatever its retry options say', async () => {
  await using fixture = await startFixture()
  const { api, session } = fixture
  api.dpop.requiresNonce = true
  const client = ky.extend({ hooks: createKyHooks(session), retry: 0 })
  expect((await client.post(`${api.origin}/orders`, { json: { amount: 12 } })).status).toBe(200)
  expect(api.requests.map(({ proof }) => proof)).toEqual(['nonceMissing', 'valid'])
})

test('P60 a body in a Request that is cloned survives a nonce, a rejection and another nonce', async () => {
  await using fixture = await startFixture()
  const { api, server, session } = fixture
  const send = createFetch(session, { cloneRequestBodies: true })
  api.faults.answerWith(apiAnswers.useDpopNonce)
  api.faults.answerWith(apiAnswers.dpopInvalidToken)
  api.faults.answerWith({
    ...apiAnswers.useDpopNonce,
    headers: { ...apiAnswers.useDpopNonce.headers, 'dpop-nonce': 'another-nonce' },
  })
  const echo = await readEcho(await send(new Request(`${api.origin}/orders`, post)))
  expect(Buffer.from(echo.body ?? '', 'base64').toString()).toBe(post.body)
  expect(api.counts.total).toBe(4)
  expect(server.counts.refreshes).toBe(1)
})

test('other clients get a proof from the token', async () => {
  await using fixture = await startFixture()
  const { api, session } = fixture
  api.dpop.requiresNonce = true
  const url = `${api.origin}/socket?a=b`
  const connect = async (nonce?: string) => {
    const token = await session.getAccessToken()
    const proof = await token.createProof?.({ method: 'GET', url, ...(nonce === undefined ? {} : { nonce }) })
    return fetch(url, { headers: { authorization: `${token.type} ${token.value}`, dpop: proof ?? '' } })
  }
  const demand = await connect()
  expect(demand.status).toBe(401)
  expect((await connect(demand.headers.get('dpop-nonce') ?? '')).status).toBe(200)
  expect((await connect()).status).toBe(200)
  const token = await session.getAccessToken()
  await expect(token.createProof?.({ method: 'GET', url: '/socket' })).rejects.toSatisfy(isConfigurationError)
})
