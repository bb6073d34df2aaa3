import { isRefreshUnavailableError } from '@authchart/core'
import { tokenAnswers, withRetryAfter } from '@authchart/test/authorization-server'
import { describe, expect, test } from 'vitest'
import { doors } from './doors.ts'
import { readEcho, startFixture } from './fixture.ts'

const text = 'a body that can be sent once'

function streamOf(content: string): RequestInit {
  // `duplex` is what fetch asks for with a stream; TypeScript does not know it.
  return { method: 'POST', body: new Blob([content]).stream(), duplex: 'half' } as RequestInit
}

function iterableOf(content: string): RequestInit {
  async function* chunks() {
    yield new TextEncoder().encode(content)
  }
  return { method: 'POST', body: chunks(), duplex: 'half' } as unknown as RequestInit
}

describe.each(doors)('through $name', ({ open }) => {
  test.each([
    ['a stream', streamOf],
    ['an async iterable', iterableOf],
  ])('P4 the 401 for %s is returned unread after one send, and refreshes nothing', async (_name, bodyOf) => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    api.faults.revokePresentedToken()
    const response = await open(session)(api.origin, bodyOf(text))
    expect(response.status).toBe(401)
    expect(await response.json()).toEqual({ message: 'refused by the API' })
    expect(api.counts).toMatchObject({ total: 1, bodyBytes: text.length })
    expect(server.counts.total).toBe(0)
  })

  test('P5 with a stale token it is refreshed before sending, and sent once with the new one', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    fixture.advance(2 * 3600_000)
    const echo = await readEcho(await open(session)(api.origin, streamOf(text)))
    expect(Buffer.from(echo.body ?? '', 'base64').toString()).toBe(text)
    expect(api.counts.total).toBe(1)
    expect(server.counts.refreshes).toBe(1)
  })

  test('P6 with 30 s of validity left it is refreshed first', async () => {
    await using fixture = await startFixture({ expiresIn: 30 })
    const response = await open(fixture.session)(fixture.api.origin, streamOf(text))
    expect(response.status).toBe(200)
    expect(fixture.api.counts.total).toBe(1)
    expect(fixture.server.counts.refreshes).toBe(1)
  })

  test('P6 with an hour left it is not', async () => {
    await using fixture = await startFixture({ expiresIn: 3600 })
    expect((await open(fixture.session)(fixture.api.origin, streamOf(text))).status).toBe(200)
    expect(fixture.server.counts.total).toBe(0)
  })

  test('P6 a body that can be sent again is never refreshed for first', async () => {
    await using fixture = await startFixture({ expiresIn: 30 })
    const response = await open(fixture.session)(fixture.api.origin, { method: 'POST', body: text })
    expect(response.status).toBe(200)
    expect(fixture.server.counts.total).toBe(0)
  })

  test('P6 with 30 s left and a refresh that fails it is sent with what is still valid', async () => {
    await using fixture = await startFixture({ expiresIn: 30 })
    fixture.server.faults.answerWith(withRetryAfter(tokenAnswers.unavailable, 120))
    expect((await open(fixture.session)(fixture.api.origin, streamOf(text))).status).toBe(200)
    expect(fixture.server.counts.refreshes).toBe(1)
  })

  test('P7 when the refresh before it fails, the error is typed and not one byte is sent', async () => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    server.faults.answerWith(withRetryAfter(tokenAnswers.unavailable, 120))
    fixture.advance(2 * 3600_000)
    await expect(open(session)(api.origin, streamOf(text))).rejects.toSatisfy(isRefreshUnavailableError)
    expect(api.counts).toMatchObject({ total: 0, bodyBytes: 0 })
  })

  test('a redirect is not followed with it', async () => {
    await using fixture = await startFixture()
    fixture.api.faults.redirectToOtherOrigin({ status: 303 })
    await expect(open(fixture.session)(fixture.api.origin, streamOf(text))).rejects.toThrow()
    expect(fixture.api.counts.atOtherOrigin).toBe(0)
  })
})
