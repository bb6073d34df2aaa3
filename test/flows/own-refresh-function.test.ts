import {
  createSession,
  isRefreshUnavailableError,
  isSessionEndedError,
  memoryStore,
  type RefreshFunction,
  RefreshRejectedError,
  RefreshUnavailableError,
  type SessionOptions,
  type TokenSetInput,
} from '@authchart/core'
import { createSimulatedClock } from '@authchart/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDevice } from '../support/device.ts'
import { collectNotices, noticesOf, typesOf } from '../support/notices.ts'
import { type OwnRefreshApi, startOwnRefreshApi } from '../support/own-refresh-api.ts'
import { passTimeWhile } from '../support/pass-time.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

const hour = 60 * 60_000

let api: OwnRefreshApi

beforeAll(async () => {
  api = await startOwnRefreshApi()
})
afterAll(() => api[Symbol.asyncDispose]())

/**
 * The app's own refresh, for an API that is no OAuth server.
 *
 * What it says for good is a `RefreshRejectedError`, and what it says for now a `RefreshUnavailableError`. Whatever
 * else is thrown, as by `fetch` when the connection ends, leaves it open whether the API has spent the refresh token.
 */
const refreshByApi: RefreshFunction = async ({ refreshToken, signal }) => {
  const response = await fetch(`${api.origin}/api/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refreshToken }),
    signal,
  })
  if (response.status === 401) throw new RefreshRejectedError()
  if (response.status === 403) throw new RefreshRejectedError({ serverCode: 'user_blocked' })
  if (response.status === 429) throw new RefreshUnavailableError({ code: 'throttled', retryAt: readRetryAt(response) })
  if (!response.ok) throw new RefreshUnavailableError({ code: 'server' })
  return (await response.json()) as TokenSetInput
}

function readRetryAt(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return Number.isNaN(seconds) ? undefined : Date.now() + seconds * 1000
}

async function open(options: Partial<SessionOptions> = {}) {
  const session = createSession({
    key: 'shop:alice',
    store: memoryStore(),
    grant: refreshByApi,
    signInHint: 'open the sign-in page',
    ...options,
  })
  const tokens = api.signIn()
  await session.signIn(tokens)
  return { session, tokens, notices: collectNotices(session) }
}

describe('an app’s own refresh function', () => {
  test('gets each next token set with the refresh token of the one before', async () => {
    const clock = createSimulatedClock()
    const { session, tokens } = await open({ runtime: { clock } })
    await using _session = session
    const before = api.refreshes
    expect((await session.getAccessToken()).value).toBe(tokens.accessToken)
    for (let turn = 1; turn <= 3; turn += 1) {
      await clock.advance(2 * hour)
      const values = await Promise.all(Array.from({ length: 20 }, () => session.getAccessToken()))
      expect(new Set(values.map(({ value }) => value)).size).toBe(1)
      expect(api.refreshes - before).toBe(turn)
    }
    expect(api.reuses).toBe(0)
  })

  test('P78 is called on a device that says for 10 s that it has no network: nothing else can be asked', async () => {
    const clock = createSimulatedClock()
    const device = createDevice()
    const { session } = await open({ runtime: { clock, environment: device.environment } })
    await using _session = session
    await clock.advance(2 * hour)
    device.tell('offline')
    const { refreshes } = api
    // Asked a little too early, it is told when to ask again.
    const early = session.refresh()
    const retryAt = clock.now() + 10_000
    await expect(early).rejects.toMatchObject({ code: 'offline', retryAt })
    expect(api.refreshes).toBe(refreshes)
    await clock.advance(10_000)
    await expect(session.getAccessToken()).resolves.toMatchObject({ generation: expect.any(Number) })
    expect(api.refreshes).toBe(refreshes + 1)
  })

  test.each([
    [401, undefined],
    [403, 'user_blocked'],
  ])('ends the session when the API answers %i', async (status, serverCode) => {
    const store = createTroubledStore()
    const { session, notices } = await open({ store })
    await using _session = session
    if (status === 401) api.endSessions()
    else api.answerNext({ status })
    const error = await session.refresh().catch((thrown: unknown) => thrown)
    expect(isSessionEndedError(error) && error.reason).toBe('grantRejected')
    expect(isSessionEndedError(error) && error.serverCode).toBe(serverCode)
    expect(String(error)).toContain('open the sign-in page')
    expect(noticesOf(notices, 'ended')).toHaveLength(1)
    expect((await store.peek('shop:alice'))?.secrets?.tokenSet).not.toHaveProperty('refreshToken')
    const { refreshes } = api
    await session.refresh().catch(() => {})
    expect(api.refreshes).toBe(refreshes)
  })

  test('keeps the session when the API cannot now, and to the time it asked for', async () => {
    const { session, notices, tokens } = await open()
    await using _session = session
    api.answerNext({ status: 429, headers: { 'retry-after': '120' } })
    const startedAt = Date.now()
    await expect(session.refresh()).rejects.toSatisfy(
      (error) =>
        isRefreshUnavailableError(error) && error.code === 'throttled' && (error.retryAt ?? 0) >= startedAt + 120_000,
    )
    const { refreshes } = api
    await expect(session.refresh()).rejects.toSatisfy(isRefreshUnavailableError)
    expect(api.refreshes).toBe(refreshes)
    expect((await session.getAccessToken()).value).toBe(tokens.accessToken)
    expect(typesOf(notices)).toEqual(['refreshFailed'])
  })

  test('is called once more when its connection ended without an answer', async () => {
    const clock = createSimulatedClock()
    const { session, tokens, notices } = await open({ runtime: { clock } })
    await using _session = session
    api.answerNext('dropped')
    const { refreshes } = api
    const token = await passTimeWhile(clock, session.refresh())
    expect(token.value).not.toBe(tokens.accessToken)
    expect(api.refreshes - refreshes).toBe(2)
    expect(typesOf(notices)).toEqual(['refreshed'])
  })

  test('that returns no token set ends nothing', async () => {
    const clock = createSimulatedClock()
    for (const answer of ['{}', 'null', '"token"', '{"accessToken":7}', '{"accessToken":""}', 'not JSON']) {
      const { session } = await open({ runtime: { clock } })
      await using _session = session
      for (let call = 0; call < 2; call += 1) api.answerNext({ status: 200, body: answer })
      await expect(passTimeWhile(clock, session.refresh())).rejects.toSatisfy(
        (error) => isRefreshUnavailableError(error) && error.code === 'unknownOutcome',
      )
      await passTimeWhile(clock, session.refresh())
    }
  })

  test('may keep its refresh token to itself, as in a cookie', async () => {
    const clock = createSimulatedClock()
    let cookie = api.signIn().refreshToken
    const { session } = await open({
      runtime: { clock },
      grant: async ({ refreshToken, signal }) => {
        expect(refreshToken).toBeUndefined()
        const { refreshToken: next = '', ...tokens } = await refreshByApi({ refreshToken: cookie, signal })
        cookie = next
        return tokens
      },
    })
    await using _session = session
    await session.signIn({ accessToken: 'first', expiresIn: 60 })
    await clock.advance(hour)
    await session.getAccessToken()
    await clock.advance(2 * hour)
    await session.getAccessToken()
    expect(api.reuses).toBe(0)
  })

  test('is asked by one of many sessions on a store', async () => {
    const store = memoryStore()
    const { session } = await open({ store })
    await using _session = session
    await using neighbour = createSession({ key: 'shop:alice', store, grant: refreshByApi })
    await neighbour.ready
    const { refreshes } = api
    const tokens = await Promise.all([session.refresh(), neighbour.refresh()])
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(1)
    expect(api.refreshes - refreshes).toBe(1)
  })
})
