import { apiAnswers } from '@authchart/test/authorization-server'
import { describe, expect, test } from 'vitest'
import { doors } from './doors.ts'
import { readEcho, startFixture } from './fixture.ts'

describe.each(doors)('through $name', ({ open }) => {
  test('P11 a redirect to another origin goes without the token, and its 401 refreshes nothing', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    api.faults.redirectToOtherOrigin()
    const response = await open(session)(`${api.origin}/invoices`, { method: 'POST', body: 'text' })
    expect(response.status).toBe(401)
    expect(response.url).toBe(`${api.otherOrigin}/invoices`)
    expect(api.counts).toMatchObject({ total: 2, atOtherOrigin: 1, tokensAtOtherOrigin: 0 })
    expect(server.counts.total).toBe(0)
  })

  test('P11 with a header of its own no redirect is followed', async () => {
    await using fixture = await startFixture({ http: { header: 'X-Access-Token', scheme: '' } })
    const { api, session } = fixture
    const send = open(session)
    expect((await send(api.origin)).status).toBe(200)
    api.faults.redirectToOtherOrigin({ times: Number.POSITIVE_INFINITY })
    await expect(send(api.origin)).rejects.toThrow()
    expect(api.counts.atOtherOrigin).toBe(0)
  })

  test('P15 the own Authorization header of a request is left alone', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    const response = await open(session)(api.origin, { headers: { authorization: 'Basic YWxpY2U6c2VjcmV0' } })
    expect(response.status).toBe(401)
    expect(api.requests).toMatchObject([{ authorization: 'invalid' }])
    expect(server.counts.total).toBe(0)
  })

  test('an origin that is not listed gets no token', async () => {
    await using fixture = await startFixture()
    const { api, session } = fixture
    const send = open(session)
    expect((await send(api.otherOrigin)).status).toBe(401)
    // The same machine under another name is another origin.
    expect((await send(api.origin.replace('127.0.0.1', 'localhost'))).status).toBe(401)
    expect(api.requests.map((request) => request.authorization)).toEqual(['none', 'none'])
  })

  test('what needs more than a new token is returned at once, with a notice', async () => {
    await using fixture = await startFixture()
    const { api, server, session, notices } = fixture
    api.faults.answerWith(apiAnswers.insufficientScope)
    expect((await open(session)(api.origin)).status).toBe(403)
    expect(server.counts.total).toBe(0)
    expect(notices).toContainEqual(expect.objectContaining({ type: 'stepUpRequired', origin: api.origin, status: 403 }))
  })

  test('P12 a refresh through one client is seen by the other at once', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    api.faults.revokePresentedToken()
    const others = doors.map((door) => door.open(session))
    expect((await open(session)(api.origin, { signal: AbortSignal.timeout(60_000) })).status).toBe(200)
    const echoes = await Promise.all(others.map(async (send) => readEcho(await send(api.origin))))
    expect(echoes.map((echo) => echo.token)).toEqual([2, 2])
    expect(server.counts.refreshes).toBe(1)
  })
})
