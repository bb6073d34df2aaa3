import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readBody } from './http.ts'
import { readTokenResponse, type TokenResponse } from './read-token-response.ts'

function read(body: BodyInit | null, init: ResponseInit = {}, secrets: string[] = []): Promise<TokenResponse> {
  return readResponse(new Response(body, init), { secrets })
}

async function readResponse(
  response: Response,
  { signal, ...options }: { signal?: AbortSignal; secrets?: string[]; refreshToken?: string; keepMembers?: string[] },
): Promise<TokenResponse> {
  return readTokenResponse(response, await readBody(response, { signal }), { secrets: [], ...options })
}

describe('issued', () => {
  it.each<[string, BodyInit, ResponseInit]>([
    ['JSON', '{"access_token":"access-1"}', { headers: { 'content-type': 'application/json' } }],
    ['JSON under a wrong content type', '{"access_token":"access-1"}', { headers: { 'content-type': 'text/html' } }],
    ['JSON with a byte order mark', '\uFEFF{"access_token":"access-1"}', {}],
    ['form-encoded', 'access_token=access-1&token_type=', {}],
    [
      'form-encoded under a wrong content type',
      'access_token=access-1\n',
      { headers: { 'content-type': 'text/plain' } },
    ],
    ['a 201', '{"access_token":"access-1"}', { status: 201 }],
    ['an empty error', '{"access_token":"access-1","error":""}', {}],
    ['P88 an error', '{"access_token":"access-1","error":"invalid_grant"}', {}],
    ['one level down', '{"ok":true,"authed_user":{"id":"U1","access_token":"access-1"}}', {}],
    ['an error that is no text', '{"access_token":"access-1","error":null}', {}],
  ])('%s', async (_name, body, init) => {
    expect(await read(body, init)).toMatchObject({ tokenSet: { accessToken: 'access-1' } })
  })

  it('takes each member it knows', async () => {
    const response = await read(
      JSON.stringify({
        access_token: 'access-1',
        token_type: 'bearer',
        expires_in: 60,
        refresh_token: 'refresh-1',
        id_token: 'id-1',
        scope: 'openid api',
      }),
    )
    expect(response).toMatchObject({
      tokenSet: {
        accessToken: 'access-1',
        tokenType: 'bearer',
        expiresIn: 60,
        refreshToken: 'refresh-1',
        idToken: 'id-1',
        scope: 'openid api',
      },
    })
  })

  it('loses no tokens over other members that are malformed', async () => {
    const body = {
      access_token: 'access-1',
      token_type: 7,
      expires_in: {},
      refresh_token: '',
      id_token: [],
      scope: ['a'],
    }
    expect(await read(JSON.stringify(body))).toMatchObject({ tokenSet: { accessToken: 'access-1' } })
  })

  it('passes a quoted lifetime on as it came', async () => {
    expect(await read('{"access_token":"access-1","expires_in":"60"}')).toMatchObject({ tokenSet: { expiresIn: '60' } })
  })
})

it('takes tokens whatever abyss is beside them', async () => {
  const abyss = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  expect(await read(`{"access_token":"access-1","abyss":${abyss}}`, {}, ['long-enough-secret'])).toMatchObject({
    tokenSet: { accessToken: 'access-1' },
  })
})

describe('P80 a new refresh token', () => {
  const sent = { refreshToken: 'refresh-1' }

  it.each(['{"refresh_token":"refresh-2"}', '{"access_token":"","refresh_token":"refresh-2"}'])(
    'is kept though there is no access token beside it: %s',
    async (body) => {
      expect(await readResponse(new Response(body), sent)).toMatchObject({
        tokenSet: { accessToken: '', refreshToken: 'refresh-2' },
      })
    },
  )

  it.each([
    ['the one that was sent', '{"refresh_token":"refresh-1"}', 200, sent],
    ['beside nothing that was sent', '{"refresh_token":"refresh-2"}', 200, {}],
    ['in a refusal', '{"refresh_token":"refresh-2"}', 400, sent],
  ])('is not %s', async (_name, body, status, options) => {
    expect((await readResponse(new Response(body, { status }), options)).tokenSet).toBeUndefined()
  })
})

describe('a body that lost its Content-Encoding', () => {
  const body = '{"access_token":"access-1","note":"ü"}'

  it('P80 is decompressed', async () => {
    expect(await read(gzipSync(body))).toMatchObject({ tokenSet: { accessToken: 'access-1' } })
    expect(await read(gzipSync('{"error":"invalid_grant"}'), { status: 400 })).toMatchObject({
      answer: { complete: true, body: { error: 'invalid_grant' } },
    })
  })

  it.each([
    ['cut', gzipSync(body).subarray(0, 30)],
    ['a bomb', gzipSync(new Uint8Array(64 * 1024 * 1024))],
  ])('P80 is incomplete when it is %s', async (_name, bytes) => {
    expect(await read(bytes)).toMatchObject({ answer: { complete: false } })
  })
})

describe('what else a response says', () => {
  it.each<[string, unknown, number]>([
    ['seconds', 1_800_000_000, 1_800_000_000_000],
    ['seconds in quotes', '1800000000', 1_800_000_000_000],
    ['milliseconds', 1_800_000_000_000, 1_800_000_000_000],
    ['a date', '2027-01-15T08:00:00Z', 1_800_000_000_000],
  ])('`expires_at` may be in %s', async (_name, expires_at, expiresAt) => {
    const body = JSON.stringify({ access_token: 'access-1', expires_at, refresh_expires_at: expires_at })
    expect(await read(body)).toMatchObject({ tokenSet: { expiresAt, signInExpiresAt: expiresAt } })
  })

  it.each(['soon', {}, null, ''])('`expires_at` counts as absent where it is %j', async (expires_at) => {
    const response = await read(JSON.stringify({ access_token: 'access-1', expires_at }))
    expect(response.tokenSet?.expiresAt).toBeUndefined()
  })

  it.each(['refresh_expires_in', 'refresh_token_expires_in', 'x_refresh_token_expires_in'])(
    'P91 `%s` tells how long the sign-in lasts',
    async (name) => {
      expect(await read(JSON.stringify({ access_token: 'access-1', [name]: 86_400 }))).toMatchObject({
        tokenSet: { signInExpiresIn: 86_400 },
      })
    },
  )

  it('P90 is kept where the app asks for it, and shown nowhere', async () => {
    const body = { access_token: 'access-1', instance_url: 'https://canary.example', team: { id: 'canary' }, other: 1 }
    const keepMembers = ['instance_url', 'team', 'absent']
    const response = await readResponse(Response.json(body), { keepMembers })
    expect(response).toMatchObject({
      tokenSet: { details: { instance_url: 'https://canary.example', team: { id: 'canary' } } },
      answer: { body: { other: '[redacted]' } },
    })
    expect(JSON.stringify(response.answer.body)).not.toContain('canary')
    const none = await readResponse(Response.json({ access_token: 'access-1' }), { keepMembers })
    expect(none.tokenSet?.details).toBeUndefined()
  })
})

describe('any other answer', () => {
  it.each<[string, BodyInit | null, ResponseInit, object]>([
    [
      'an error in JSON',
      '{"error":"invalid_grant"}',
      { status: 400 },
      { complete: true, body: { error: 'invalid_grant' } },
    ],
    [
      'an error, form-encoded',
      'error=invalid_grant&error_description=a+b',
      { status: 400 },
      {
        complete: true,
        body: { error: 'invalid_grant', error_description: 'a b' },
      },
    ],
    ['an error under 200', '{"error":"invalid_grant"}', {}, { status: 200, body: { error: 'invalid_grant' } }],
    ['an error that is an object', '{"error":{"code":"no"}}', { status: 401 }, { body: { error: { code: 'no' } } }],
    [
      'an error beside a token under 400',
      '{"access_token":"access-1"}',
      { status: 400 },
      { status: 400, complete: true },
    ],
    ['no access token', '{"token_type":"bearer"}', {}, { complete: true, body: { token_type: 'bearer' } }],
    ['an empty access token', '{"access_token":""}', {}, { complete: true }],
    ['a page', '<!doctype html><a href="?a=b">', { status: 403 }, { status: 403, complete: true }],
    ['a text', 'RBAC: access denied', { status: 403 }, { complete: true }],
    ['an array', '[{"error":"invalid_grant"}]', { status: 401 }, { complete: true }],
    ['nothing', null, { status: 401 }, { complete: true }],
    ['nothing under 204', null, { status: 204 }, { status: 204, complete: true }],
    ['half an object', '{"access_token":"access-1","refr', {}, { status: 200, complete: false }],
  ])('%s', async (_name, body, init, answer) => {
    expect(await read(body, init)).toEqual({ tokenSet: undefined, answer: expect.objectContaining(answer) })
  })

  it.each(['<html>', '[]', 'RBAC: access denied', ''])('has no members where there is no object: %j', async (text) => {
    const response = await read(text, { status: 403 })
    expect(response.answer.body).toBeUndefined()
  })

  it('tells of retry-after and content-type as they came', async () => {
    const headers = { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT', 'content-type': 'text/html; charset=latin1' }
    expect(await read('', { status: 503, headers })).toMatchObject({
      answer: { retryAfter: headers['retry-after'], contentType: headers['content-type'] },
    })
  })

  it('tells a date of retry-after in seconds, by the clock of the server', async () => {
    const headers = { 'retry-after': 'Wed, 21 Oct 2026 07:28:30 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' }
    expect(await read('', { status: 503, headers })).toMatchObject({ answer: { retryAfter: '30' } })
  })

  it('reads the error beside a description that is no UTF-8', async () => {
    const bytes = new Uint8Array([
      ...new TextEncoder().encode('{"error":"invalid_grant","error_description":"ung'),
      0xfc,
      0x22,
      0x7d,
    ])
    expect(await read(bytes, { status: 400 })).toMatchObject({
      answer: { complete: true, body: { error: 'invalid_grant' } },
    })
  })

  it('stands for a redirect whose status a browser hides as 302', async () => {
    const response = Object.defineProperty(Response.error(), 'type', { value: 'opaqueredirect' })
    expect(await readResponse(response, {})).toMatchObject({ answer: { status: 302 } })
  })
})

describe('a body that cannot be read to its end', () => {
  it('is incomplete when the connection breaks', async () => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"access_token":"access-1"}')),
      pull: (controller) => controller.error(new Error('reset')),
    })
    expect(await read(body)).toMatchObject({ answer: { status: 200, complete: false } })
  })

  it('is incomplete beyond 1 MiB, and is read no further', async () => {
    let chunks = 0
    let cancelled = false
    const body = new ReadableStream({
      pull: (controller) => {
        chunks += 1
        controller.enqueue(new Uint8Array(64 * 1024).fill(0x20))
      },
      cancel: () => {
        cancelled = true
      },
    })
    expect(await read(body)).toMatchObject({ answer: { complete: false } })
    expect(cancelled).toBe(true)
    expect(chunks).toBeLessThan(20)
  })

  it('is complete at exactly 1 MiB', async () => {
    const start = '{"access_token":"access-1"}'
    expect(await read(start + ' '.repeat(1024 * 1024 - start.length))).toMatchObject({ tokenSet: {} })
  })

  it('is incomplete when the signal aborts while it hangs', async () => {
    const controller = new AbortController()
    const body = new ReadableStream({ pull: () => controller.abort() }, { highWaterMark: 0 })
    expect(await readResponse(new Response(body), { signal: controller.signal })).toMatchObject({
      answer: { complete: false },
    })
  })
})

it('P55 shows no secret, not even one that the server quotes', async () => {
  const secrets = ['canary-refresh-token/+', 'canary-client-secret']
  const body = {
    error: 'invalid_grant',
    error_description: `the token ${secrets[0]} is spent`,
    error_uri: `https://as.example/?token=${encodeURIComponent(secrets[0] ?? '')}`,
    detail: [{ text: `client ${secrets[1]}` }],
    access_token: 'canary-access-token',
    note: 'got canary-access-token',
    refresh_token: 'canary-new-refresh-token',
  }
  const response = await read(JSON.stringify(body), { status: 400 }, secrets)
  expect(JSON.stringify(response)).not.toContain('canary')
  expect(response).toMatchObject({ answer: { body: { error: 'invalid_grant' } } })
})

it('P55 shows nothing of a secret that has another secret’s name in it, nor of an encoded one', async () => {
  const secret = 'token=canary "of" secret: canary+canary'
  const inForm = new URLSearchParams({ secret }).toString()
  const body = {
    error: 'invalid_grant',
    error_description: `plain ${secret}, in a form ${inForm}, in a URL ${encodeURIComponent(secret)}`,
    error_uri: JSON.stringify({ sent: secret }),
  }
  const headers = { 'retry-after': secret, 'content-type': secret }
  const response = await read(JSON.stringify(body), { status: 400, headers }, [secret])
  expect(JSON.stringify(response)).not.toContain('canary')
  expect(response).toMatchObject({ answer: { body: { error: 'invalid_grant' }, retryAfter: '[redacted]' } })
})
