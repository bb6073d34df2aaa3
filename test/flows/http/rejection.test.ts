import { isRefreshUnavailableError, isSessionEndedError } from '@authchart/core'
import { apiAnswers, tokenAnswers, withRetryAfter } from '@authchart/test/authorization-server'
import { describe, expect, test } from 'vitest'
import { doors } from './doors.ts'
import { countNotices, readEcho, startFixture } from './fixture.ts'

const always = { times: Number.POSITIVE_INFINITY }
const post = { method: 'POST', body: JSON.stringify({ amount: 12 }), headers: { 'content-type': 'application/json' } }

describe.each(doors)('through $name', ({ open }) => {
  test('P1 a 401 leads to one refresh and one more send, with both bodies intact', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    api.faults.revokePresentedToken()
    const response = await open(session)(`${api.origin}/invoices`, post)
    expect(response.status).toBe(200)
    const echo = await readEcho(response)
    expect(Buffer.from(echo.body ?? '', 'base64').toString()).toBe(post.body)
    expect(echo.token).toBe(2)
    expect(server.counts.refreshes).toBe(1)
    expect(api.requests.map((request) => request.outcome)).toEqual(['rejected', 'accepted'])
    expect(new Set(api.requests.map((request) => request.bodyHash)).size).toBe(1)
    expect(countNotices(fixture.notices, 'rejectedAfterRefresh')).toBe(0)
  })

  test('P1 the second response is returned as it is', async () => {
    await using fixture = await startFixture()
    const { api, session } = fixture
    api.faults.answerWith(apiAnswers.invalidToken)
    api.faults.answerWith(apiAnswers.serverError)
    const response = await open(session)(`${api.origin}/invoices`, post)
    expect(response.status).toBe(500)
    expect(await response.json()).toEqual({ message: 'refused by the API' })
    expect(api.counts.total).toBe(2)
  })

  test('P2 a second 401 is not refreshed again, nor are those of a hundred more requests', async () => {
    await using fixture = await startFixture()
    const { api, server, session, notices } = fixture
    api.faults.answerWith(apiAnswers.invalidToken, always)
    const send = open(session)
    const response = await send(`${api.origin}/invoices`, post)
    expect(response.status).toBe(401)
    expect(await response.json()).toEqual({ message: 'refused by the API' })
    expect(api.counts.total).toBe(2)
    expect(server.counts.refreshes).toBe(1)
    expect(countNotices(notices, 'rejectedAfterRefresh')).toBe(1)

    const more = await Promise.all(Array.from({ length: 100 }, () => send(`${api.origin}/invoices`)))
    expect(new Set(more.map(({ status }) => status))).toEqual(new Set([401]))
    expect(api.counts.total).toBe(102)
    expect(server.counts.refreshes).toBe(1)
    expect(countNotices(notices, 'rejectedAfterRefresh')).toBe(1)
  })

  test.each([
    [403, apiAnswers.forbidden],
    [459, apiAnswers.sessionExpired],
  ])('P3 a %i behaves as a 401 when it is listed, and costs nothing when it is not', async (status, answer) => {
    await using listed = await startFixture({ http: { rejectedStatuses: [status] } })
    listed.api.faults.answerWith(answer)
    expect((await open(listed.session)(listed.api.origin, post)).status).toBe(200)
    expect(listed.server.counts.refreshes).toBe(1)

    await using unlisted = await startFixture()
    unlisted.api.faults.answerWith(answer)
    expect((await open(unlisted.session)(unlisted.api.origin, post)).status).toBe(status)
    expect(unlisted.api.counts.total).toBe(1)
    expect(unlisted.server.counts.total).toBe(0)
  })

  test('P8 without a refresh token a 401 passes through untouched, and the session ends, said once', async () => {
    await using fixture = await startFixture({ withRefreshToken: false })
    const { api, server, session, notices } = fixture
    api.faults.answerWith(apiAnswers.invalidToken, always)
    const send = open(session)
    const response = await send(api.origin, post)
    expect(response.status).toBe(401)
    expect(await response.json()).toEqual({ message: 'refused by the API' })
    expect(api.counts.total).toBe(1)
    await expect(send(api.origin)).rejects.toSatisfy(
      (error) => isSessionEndedError(error) && error.reason === 'noRefreshToken',
    )
    expect(api.counts.total).toBe(1)
    expect(server.counts.total).toBe(0)
    expect(notices.filter((notice) => notice.type === 'ended')).toMatchObject([{ reason: 'noRefreshToken' }])
  })

  test('P9 a refresh that fails for a passing reason leaves a 401 in hand as it was, and the session lives', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    api.faults.revokePresentedToken()
    server.faults.answerWith(withRetryAfter(tokenAnswers.unavailable, 120))
    const response = await open(session)(api.origin, post)
    expect(response.status).toBe(401)
    expect(await response.json()).toEqual({ message: 'refused by the API' })
    expect(api.counts.total).toBe(1)
    expect(session.getSnapshot().status).toBe('transientFailure')
  })

  test('P9 a refresh that fails before the request throws the typed error, and the session lives', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    server.faults.answerWith(withRetryAfter(tokenAnswers.unavailable, 120))
    fixture.advance(2 * 3600_000)
    await expect(open(session)(api.origin, post)).rejects.toSatisfy(
      (error) => isRefreshUnavailableError(error) && error.code === 'server',
    )
    expect(api.counts.total).toBe(0)
    expect(session.getSnapshot().status).toBe('transientFailure')
  })

  test('P14 a late 401 for an older generation costs no token request, and is sent again with the current token', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    const gate = api.faults.hold({ path: '/slow', times: 1 })
    api.faults.answerWith(apiAnswers.invalidToken, { path: '/slow' })
    const slow = open(session)(`${api.origin}/slow`, post)
    await gate.arrived()
    await session.refresh()
    expect(server.counts.refreshes).toBe(1)
    gate.release()
    const echo = await readEcho(await slow)
    expect(echo.token).toBe(2)
    expect(server.counts.refreshes).toBe(1)
  })

  test('a hundred requests that are rejected together cost one refresh', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    await server.revokeAccessToken((await session.getAccessToken()).value)
    const send = open(session)
    const responses = await Promise.all(Array.from({ length: 100 }, () => send(api.origin, post)))
    expect(responses.every(({ status }) => status === 200)).toBe(true)
    expect(server.counts.refreshes).toBe(1)
  })

  test('a caller who gives up while a refresh is awaited gets the own reason, and the refresh goes on', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    api.faults.revokePresentedToken()
    const gate = server.faults.hold()
    const controller = new AbortController()
    const reason = new Error('enough')
    const response = open(session)(api.origin, { ...post, signal: controller.signal })
    await gate.arrived()
    controller.abort(reason)
    await expect(response).rejects.toBe(reason)
    gate.release()
    await session.getAccessToken()
    expect(server.counts.refreshesIssued).toBe(1)
    expect(api.counts.total).toBe(1)
  })

  test('P39 P40 an ended session fails each request at once, with its own error and no network', async () => {
    await using fixture = await startFixture({ signInHint: 'run "acme login"' })
    const { api, server, session } = fixture
    server.revokeGrant()
    fixture.advance(2 * 3600_000)
    const send = open(session)
    const errors: unknown[] = []
    for (let call = 0; call < 3; call += 1) errors.push(await send(api.origin, post).catch((error: unknown) => error))
    for (const error of errors) {
      expect(isSessionEndedError(error) && error.reason).toBe('grantRejected')
      expect(String(error)).toContain('run "acme login"')
      expect(String(error)).not.toContain(api.origin)
    }
    expect(server.counts.refreshes).toBe(1)
    expect(api.counts.total).toBe(0)
  })
})
