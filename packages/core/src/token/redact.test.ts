import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redactForm, redactHeaders, redactObject, redactText, redactUrl } from './redact.ts'

const secret = 'canary-5ecret-value'

const secretNames = [
  ...['access_token', 'refresh_token', 'id_token', 'code', 'code_verifier', 'client_secret', 'client_assertion'],
  ...['device_code', 'DPoP', 'dpop', 'cookie', 'Cookie', 'set-cookie', 'cookies', 'password', 'token'],
  ...['accessToken', 'refreshToken', 'idToken', 'codeVerifier', 'clientSecret', 'clientAssertion', 'deviceCode'],
  ...['id_token_hint', 'subject_token', 'assertion', 'registration_access_token', 'Authorization', 'x-api-key'],
]

const harmlessNames = [
  ...['status_code', 'error_code', 'statusCode', 'errorCode', 'token_type', 'tokenType', 'expires_in', 'scope'],
  ...['client_id', 'grant_type', 'code_challenge', 'code_challenge_method', 'client_assertion_type', 'DPoP-Nonce'],
  ...['token_endpoint', 'error', 'error_description', 'state'],
]

describe('P54 a debug log shows no secret', () => {
  test.each(secretNames)('redacts %s in a form, JSON, headers, a URL and a text', (name) => {
    expect(JSON.stringify(redactForm(new URLSearchParams({ [name]: secret })))).not.toContain(secret)
    expect(JSON.stringify(redactForm(`a=1&${name}=${secret}`))).not.toContain(secret)
    expect(JSON.stringify(redactObject({ [name]: secret }))).not.toContain(secret)
    expect(JSON.stringify(redactObject({ deep: [{ [name]: [secret] }] }))).not.toContain(secret)
    expect(JSON.stringify(redactObject(new Map([[name, secret]])))).not.toContain(secret)
    expect(JSON.stringify(redactObject([[name, secret]]))).not.toContain(secret)
    expect(JSON.stringify(redactHeaders({ [name]: secret }))).not.toContain(secret)
    expect(redactUrl(`https://app.example/cb?x=1&${name}=${secret}&y=2`)).not.toContain(secret)
    expect(redactUrl(`https://app.example/cb#${name}=${secret}`)).not.toContain(secret)
    expect(redactUrl(`/cb?${name}=${secret}`)).not.toContain(secret)
    for (const text of [
      `${name}=${secret}`,
      `${name}: ${secret}`,
      `body: ${name} = "${secret}" (x)`,
      `{ ${name}: '${secret}', other: 1 }`,
      JSON.stringify({ [name]: secret }),
      `got ${JSON.stringify({ a: { [name]: secret } })} from the server`,
      `got ${JSON.stringify(JSON.stringify({ [name]: secret }))}`,
      `${name}="${secret} with spaces`,
      `?next=${encodeURIComponent(`https://app.example/?${name}=${secret}`)}`,
      `message: failed: ${name}=${secret}`,
    ]) {
      expect(redactText(text)).not.toContain(secret)
    }
  })

  test.each(harmlessNames)('shows %s', (name) => {
    expect(redactForm(`${name}=401`)).toEqual({ [name]: '401' })
    expect(redactObject({ [name]: 401 })).toEqual({ [name]: 401 })
    expect(redactObject({ [name]: 'short' })).toEqual({ [name]: 'short' })
    expect(redactHeaders({ [name]: '401' })).toEqual({ [name]: '401' })
    expect(redactText(`${name}=401`)).toBe(`${name}=401`)
    expect(redactUrl(`https://a.example/?${name}=401`)).toBe(`https://a.example/?${name}=401`)
  })

  test.each([
    [{ Authorization: 'Bearer abc' }, { Authorization: 'Bearer [redacted]' }],
    [{ authorization: 'DPoP abc' }, { authorization: 'DPoP [redacted]' }],
    [{ authorization: 'Basic YTpi' }, { authorization: 'Basic [redacted]' }],
    [{ authorization: 'bare-token' }, { authorization: '[redacted]' }],
    [{ 'Proxy-Authorization': 'Basic YTpi' }, { 'Proxy-Authorization': 'Basic [redacted]' }],
    [{ 'www-authenticate': 'Bearer error="invalid_token"' }, { 'www-authenticate': 'Bearer error="invalid_token"' }],
    [{ 'content-type': 'application/json' }, { 'content-type': 'application/json' }],
    [{ 'retry-after': '120' }, { 'retry-after': '120' }],
    [{ location: 'https://a.example/?code=abc&state=1' }, { location: 'https://a.example/?code=[redacted]&state=1' }],
  ])('keeps the scheme and what is no secret: %j', (headers, expected) => {
    expect(redactHeaders(headers)).toEqual(expected)
    expect(redactHeaders(new Headers(headers as Record<string, string>))).toEqual(
      Object.fromEntries(Object.entries(expected).map(([name, value]) => [name.toLowerCase(), value])),
    )
    expect(redactObject(headers)).toEqual(expected)
  })

  test.each([
    ['sent Authorization: Bearer abc', 'sent Authorization: Bearer [redacted]'],
    ['sent Bearer abc.def==, got 401', 'sent Bearer [redacted], got 401'],
    ['Bearer error="invalid_token", error_description="x"', 'Bearer error="invalid_token", error_description="x"'],
    ['the Bearer token was refused', 'the Bearer token was refused'],
    ['status_code=401', 'status_code=401'],
    ['GET https://alice:pw@a.example/x', 'GET https://[redacted]@a.example/x'],
    ['Cookie: a=1; b=2\nHost: x', 'Cookie: [redacted]\nHost: x'],
    ['Authorization: Digest username="a", response="b"\nHost: x', 'Authorization: Digest [redacted]\nHost: x'],
    ['jwt eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln end', 'jwt [redacted] end'],
    ['password=a,b;c"d&user=e', 'password=[redacted]&user=e'],
    ['grant_type=refresh_token&refresh_token=a', 'grant_type=refresh_token&refresh_token=[redacted]'],
    ['https://a.example/cb?code=a%26b&state=s%20t', 'https://a.example/cb?code=[redacted]&state=s%20t'],
    ["{ access_token:\n   'a b' }", '{ access_token:\n   [redacted] }'],
    ['a[access_token]=b&c%5Baccess_token%5D=d', 'a[access_token]=[redacted]&c%5Baccess_token%5D=[redacted]'],
    [`a=${encodeURIComponent(`b=${encodeURIComponent('c?token=d')}`)}&e=f`, 'a=[redacted]&e=f'],
    [`a=${encodeURIComponent(`b=${encodeURIComponent('c?d=e')}`)}&e=f`, 'a=b%3Dc%253Fd%253De&e=f'],
    ['{"a":1} then token=b', '{"a":1} then token=[redacted]'],
    ['[authchart] refresh failed: 503', '[authchart] refresh failed: 503'],
    ['', ''],
  ])('reads %j as %j', (text, expected) => {
    expect(redactText(text)).toBe(expected)
  })

  test.each([
    '{"error":"x","refresh_tok',
    '{"refresh_token":"canary-5ec',
    '{"a":"canary-5ecret-value',
    '[{"access_token":"canary-5ecret-value"},{"acc',
    '{"access\\u005ftoken":"canary-5ecret-value"',
    '{',
  ])('drops truncated JSON whole: %s', (text) => {
    expect(redactText(text)).toBe('[unreadable JSON]')
    expect(redactText(`body was ${text}`)).toBe('body was [unreadable JSON]')
  })

  test('reads JSON by its names, however they are escaped', () => {
    expect(redactText('{"access\\u005ftoken":"a","status_code":401}')).toBe(
      '{"access_token":"[redacted]","status_code":401}',
    )
  })

  test('shows nothing of a body that is no form', () => {
    expect(redactForm(secret)).toEqual({})
    expect(redactForm(JSON.stringify({ refresh_token: secret }))).toEqual({})
    expect(redactForm(new URLSearchParams({ [JSON.stringify({ refresh_token: secret })]: '' }))).toEqual({})
  })

  test('tells whether a secret was there at all', () => {
    const value = { access_token: '', refresh_token: null, hasRefreshToken: true }
    expect(redactObject(value)).toEqual(value)
  })

  test('keeps a name that the caller calls harmless', () => {
    expect(redactObject({ code: 'TOKEN_GONE', password: secret }, { keep: ['code'] })).toEqual({
      code: 'TOKEN_GONE',
      password: '[redacted]',
    })
  })

  test('shows the name, message, code and cause of an error, without the secrets', () => {
    const cause = Object.assign(new Error(`refresh_token=${secret}`), { code: 'ECONNRESET', response: { password: 1 } })
    expect(redactObject(new TypeError(`Bearer ${secret}`, { cause }))).toEqual({
      name: 'TypeError',
      message: 'Bearer [redacted]',
      cause: {
        name: 'Error',
        message: 'refresh_token=[redacted]',
        code: 'ECONNRESET',
        response: { password: '[redacted]' },
      },
    })
    const several = redactObject(new AggregateError([new Error(`token: ${secret}`)], 'all failed'))
    expect(several).toMatchObject({ message: 'all failed', errors: [{ message: 'token: [redacted]' }] })
  })

  test("redacts Node's flat list of headers", () => {
    const list = ['Host', 'a.example', 'Cookie', 'a=1', 'Authorization', `Bearer ${secret}`, 'DPoP', secret]
    expect(redactObject(list)).toEqual([
      ...['Host', 'a.example', 'Cookie', '[redacted]', 'Authorization', 'Bearer [redacted]', 'DPoP', '[redacted]'],
    ])
  })

  test('copies what JSON cannot hold', () => {
    expect(
      redactObject({
        url: new URL(`https://a.example/?code=${secret}`),
        form: new URLSearchParams({ client_secret: secret, scope: 'a' }),
        headers: new Headers({ authorization: `Bearer ${secret}` }),
        bytes: new TextEncoder().encode(secret),
        count: 10n,
        call: () => secret,
        date: new Date(0),
        noDate: new Date(Number.NaN),
        set: new Set([1]),
      }),
    ).toEqual({
      url: 'https://a.example/?code=[redacted]',
      form: { client_secret: '[redacted]', scope: 'a' },
      headers: { authorization: 'Bearer [redacted]' },
      bytes: '[bytes]',
      count: '10',
      call: '[function]',
      date: '1970-01-01T00:00:00.000Z',
      noDate: 'Invalid Date',
      set: [1],
    })
  })

  test('cuts cycles, depth and width, and survives a getter that throws', () => {
    const cycle: Record<string, unknown> = { a: 1 }
    cycle.self = cycle
    expect(redactObject(cycle)).toEqual({ a: 1, self: '[circular]' })
    const shared = { b: 1 }
    expect(redactObject([shared, shared])).toEqual([shared, shared])
    let deep: unknown = { access_token: secret }
    for (let level = 0; level < 100; level++) deep = { deep }
    expect(JSON.stringify(redactObject(deep))).toContain('[more]')
    const wide = Array.from({ length: 300 }, () => Array.from({ length: 300 }, () => ({ a: 1 })))
    expect(JSON.stringify(redactObject(wide)).length).toBeLessThan(30_000)
    const throwing = Object.defineProperty({}, 'a', {
      enumerable: true,
      get() {
        throw new Error(secret)
      },
    })
    expect(redactObject({ throwing })).toEqual({ throwing: '[unreadable]' })
  })

  test('finds a secret behind a telling name anywhere in any JSON, parsed, as text or cut', () => {
    const name = fc.constantFrom(...secretNames)
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), name, fc.nat(), (rest, secretName, cut) => {
        const value = { rest, list: [{ [secretName]: secret }] }
        const text = JSON.stringify(value)
        expect(JSON.stringify(redactObject(value))).not.toContain(secret)
        expect(redactText(text)).not.toContain(secret)
        expect(redactText(`response: ${text.slice(0, cut % text.length)}`)).not.toContain(secret)
        expect(JSON.stringify(redactObject({ body: text }))).not.toContain(secret)
      }),
    )
  })

  test('never throws, whatever the text is', () => {
    const piece = fc.constantFrom(
      '{',
      '[',
      '"',
      '\\',
      '=',
      ':',
      '&',
      '%',
      '%25',
      'token',
      'Bearer ',
      'eyJ',
      '//',
      '@',
      ' ',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
        expect(typeof redactText(pieces.join(''))).toBe('string')
        expect(typeof redactUrl(pieces.join(''))).toBe('string')
        redactForm(pieces.join(''))
      }),
    )
  })

  test.each(['a', '%25', '\\"', '"', '=', ' ', '{"', '[', '//', 'eyJ.', 'Bearer ', 'token="', 'a.-%'])(
    'reads a megabyte of %j in bounded time',
    (piece) => {
      const text = piece.repeat(1_000_000 / piece.length)
      const start = performance.now()
      redactText(text)
      redactText(`token: ${text}`)
      redactObject({ a: text })
      expect(performance.now() - start).toBeLessThan(2000)
    },
  )
})
