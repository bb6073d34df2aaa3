import { describe, expect, it } from 'vitest'
import { readTokenResponse, type TokenResponse } from './read-token-response.ts'

const { signal } = new AbortController()

function read(body: BodyInit | null, init: ResponseInit = {}, secrets: string[] = []): Promise<TokenResponse> {
  return readTokenResponse(new Response(body, init), { signal, secrets })
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
    ['an error that is no text', '{"access_token":"access-1","error":null}', {}],
  ])('%s', async (_name, body, init) => {
    expect(await read(body, init)).toMatchObject({ kind: 'issued', tokenSet: { accessToken: 'access-1' } })
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
      kind: 'issued',
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
    expect(await read(JSON.stringify(body))).toMatchObject({ kind: 'issued', tokenSet: { accessToken: 'access-1' } })
  })

  it('passes a quoted lifetime on as it came', async () => {
    expect(await read('{"access_token":"access-1","expires_in":"60"}')).toMatchObject({ tokenSet: { expiresIn: '60' } })
  })
})

it('takes tokens whatever abyss is beside them', async () => {
  const abyss = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  expect(await read(`{"access_token":"access-1","abyss":${abyss}}`, {}, ['long-enough-secret'])).toMatchObject({
    kind: 'issued',
    tokenSet: { accessToken: 'access-1' },
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
    [
      'an error under 200',
      '{"error":"invalid_grant","access_token":"x"}',
      {},
      { status: 200, body: { error: 'invalid_grant' } },
    ],
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
    expect(await read(body, init)).toMatchObject({ kind: 'answer', answer })
  })

  it.each(['<html>', '[]', 'RBAC: access denied', ''])('has no members where there is no object: %j', async (text) => {
    const response = await read(text, { status: 403 })
    expect(response.kind === 'answer' && 'body' in response.answer).toBe(false)
  })

  it('tells of retry-after and content-type as they came', async () => {
    const headers = { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT', 'content-type': 'text/html; charset=latin1' }
    expect(await read('', { status: 503, headers })).toMatchObject({
      answer: { retryAfter: headers['retry-after'], contentType: headers['content-type'] },
    })
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
    expect(await readTokenResponse(response, { signal, secrets: [] })).toMatchObject({ answer: { status: 302 } })
  })
})

describe('a body that cannot be read to its end', () => {
  it('is incomplete when the connection breaks', async () => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"access_token":"access-1"}')),
      pull: (controller) => controller.error(new Error('reset')),
    })
    expect(await read(body)).toMatchObject({ kind: 'answer', answer: { status: 200, complete: false } })
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
    expect(await read(start + ' '.repeat(1024 * 1024 - start.length))).toMatchObject({ kind: 'issued' })
  })

  it('is incomplete when the signal aborts while it hangs', async () => {
    const controller = new AbortController()
    const body = new ReadableStream({ pull: () => controller.abort() }, { highWaterMark: 0 })
    expect(await readTokenResponse(new Response(body), { signal: controller.signal, secrets: [] })).toMatchObject({
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
