import { isRefreshUnavailableError, isSessionEndedError, type Session } from '@authchart/core'
import { createKyHooks } from '@authchart/core/ky'
import { apiAnswers, tokenAnswers, withRetryAfter } from '@authchart/test/authorization-server'
import ky, { isHTTPError, isTimeoutError, type Options } from 'ky'
import { expect, test, vi } from 'vitest'
import { readEcho, startFixture } from './fixture.ts'

const json = { amount: 12 }

function createApi(session: Session, options: Options = {}) {
  return ky.extend({ hooks: createKyHooks(session) }).extend(options)
}

test.each([
  ['no retries', { retry: 0 }],
  ['retries for other methods only', { retry: { limit: 1, methods: ['get'] } }],
  ['retries that never come', { retry: { limit: 5, delay: () => 1e9 } }],
  ['upload progress', { onUploadProgress: () => {} }],
  ['a hook that returns the request it got', { hooks: { beforeRequest: [({ request }) => request] } }],
  ['the same hooks twice', 'twice'],
] as [string, Options | 'twice'][])('sends again after a 401 with %s', async (_name, options) => {
  await using fixture = await startFixture()
  const { api, server, session } = fixture
  api.faults.revokePresentedToken()
  const added = options === 'twice' ? { hooks: createKyHooks(session) } : options
  const echo = await readEcho(await createApi(session, added).post(api.origin, { json }))
  expect(Buffer.from(echo.body ?? '', 'base64').toString()).toBe(JSON.stringify(json))
  expect(echo.headers['content-type']).toBe('application/json')
  expect(api.counts.total).toBe(2)
  expect(server.counts.refreshes).toBe(1)
})

test('makes the JSON text once', async () => {
  await using fixture = await startFixture()
  const { api, session } = fixture
  api.faults.revokePresentedToken()
  let made = 0
  const stringifyJson = (data: unknown) => {
    made += 1
    return JSON.stringify({ made, data })
  }
  const echo = await readEcho(await createApi(session, { stringifyJson }).post(api.origin, { json }))
  expect(JSON.parse(Buffer.from(echo.body ?? '', 'base64').toString())).toEqual({ made: 1, data: json })
})

test('ky retries carry the token of their moment', async () => {
  await using fixture = await startFixture()
  const { api, server, session } = fixture
  api.faults.answerWith({ status: 503 })
  const refresh = async () => void (await session.refresh())
  const client = createApi(session, { retry: { delay: () => 1 }, hooks: { beforeRetry: [refresh] } })
  const echo = await readEcho(await client.put(api.origin, { json }))
  expect(Buffer.from(echo.body ?? '', 'base64').toString()).toBe(JSON.stringify(json))
  expect(api.requests.map(({ token }) => token)).toEqual([1, 2])
  expect(server.counts.refreshes).toBe(1)
})

test('a retry of ky that is rejected is refreshed and sent again as the first send is', async () => {
  await using fixture = await startFixture()
  const { api, session } = fixture
  api.faults.answerWith({ status: 503 })
  api.faults.revokePresentedToken()
  const client = createApi(session, { retry: { delay: () => 1 } })
  const echo = await readEcho(await client.put(api.origin, { json }))
  expect(api.requests.map(({ status }) => status)).toEqual([503, 401, 200])
  expect(Buffer.from(echo.body ?? '', 'base64').toString()).toBe(JSON.stringify(json))
})

test('does not send a body again that a hook of the app has put in the place of the one it knew', async () => {
  await using fixture = await startFixture()
  const { api, session } = fixture
  api.faults.revokePresentedToken()
  const client = createApi(session, {
    throwHttpErrors: false,
    hooks: { beforeRequest: [({ request }) => new Request(request, { body: 'sealed' })] },
  })
  expect((await client.post(api.origin, { json })).status).toBe(401)
  expect(api.requests).toMatchObject([{ bodyBytes: 'sealed'.length }])
})

test('a stream goes without the retries of ky, which would keep a copy of it', async () => {
  await using fixture = await startFixture()
  const { api, session } = fixture
  api.faults.answerWith({ status: 503 })
  const body = new Blob(['text']).stream()
  const error: unknown = await createApi(session)
    .put(api.origin, { body })
    .catch((thrown: unknown) => thrown)
  expect(isHTTPError(error) && error.response.status).toBe(503)
  expect(api.counts.total).toBe(1)
})

test('the timeout of ky includes the wait for a refresh', async () => {
  await using fixture = await startFixture()
  const { api, server, session } = fixture
  const gate = server.faults.hold()
  api.faults.revokePresentedToken()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const outcome = createApi(session, { timeout: 200 })
      .get(api.origin)
      .catch((error: unknown) => error)
    await gate.arrived()
    await vi.advanceTimersByTimeAsync(200)
    expect(await outcome).toSatisfy(isTimeoutError)
  } finally {
    vi.useRealTimers()
  }
  gate.release()
})

test('shows the token in no error', async () => {
  await using fixture = await startFixture()
  const { api, session } = fixture
  api.faults.answerWith(apiAnswers.serverError)
  const error: unknown = await createApi(session, { retry: 0 })
    .post(api.origin, { json })
    .catch((thrown: unknown) => thrown)
  expect(isHTTPError(error) && [...error.request.headers.keys()]).toEqual(['content-type'])
})

test('P40 the reason reaches the caller as itself, however ky is told to retry', async () => {
  await using fixture = await startFixture()
  const { api, server, session } = fixture
  fixture.advance(2 * 3600_000)
  const client = createApi(session, { retry: { limit: 3, delay: () => 1 } })
  server.faults.answerWith(withRetryAfter(tokenAnswers.unavailable, 120))
  await expect(client.get(api.origin)).rejects.toSatisfy(isRefreshUnavailableError)
  server.revokeGrant()
  fixture.advance(121_000)
  await expect(session.refresh()).rejects.toSatisfy(isSessionEndedError)
  await expect(client.get(api.origin).json()).rejects.toSatisfy(isSessionEndedError)
  expect(server.counts.refreshes).toBe(2)
  expect(api.counts.total).toBe(0)
})

test("sends through the app's own fetch, which alone sees the token", async () => {
  await using fixture = await startFixture()
  const { api, session } = fixture
  const seen: string[] = []
  const client = createApi(session, {
    fetch: (input, init) => {
      seen.push(
        String((input as Request).headers.has('authorization')),
        typeof new Headers(init?.headers).get('authorization'),
      )
      return fetch(input, init)
    },
  })
  await client.get(api.origin)
  expect(seen).toEqual(['false', 'string'])
})

test('two sessions each serve their own origin', async () => {
  await using first = await startFixture()
  await using second = await startFixture()
  const client = createApi(first.session, { hooks: createKyHooks(second.session) })
  for (const { api } of [first, second]) {
    api.faults.revokePresentedToken()
    expect((await readEcho(await client.post(api.origin, { json }))).token).toBe(2)
  }
})
