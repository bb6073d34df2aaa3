import { describe, expect, test } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import { redactForm, redactHeaders, redactObject, redactText, redactUrl } from './redact.ts'

const secret = 'canary-5ecret-value'

const allRedacted = (...names: string[]) => Object.fromEntries(names.map((name) => [name, '[redacted]']))

const secretNames = [
  ...['access_token', 'refresh_token', 'id_token', 'code', 'code_verifier', 'client_secret', 'client_assertion'],
  ...['device_code', 'DPoP', 'dpop', 'cookie', 'Cookie', 'set-cookie', 'cookies', 'password', 'token'],
  ...['accessToken', 'refreshToken', 'idToken', 'codeVerifier', 'clientSecret', 'clientAssertion', 'deviceCode'],
  ...['id_token_hint', 'subject_token', 'assertion', 'registration_access_token', 'Authorization', 'x-api-key'],
]

const harmlessNames = [
  ...['status_code', 'error_code', 'statusCode', 'errorCode', 'token_type', 'tokenType', 'expires_in', 'scope'],
  ...['client_id', 'grant_type', 'client_assertion_type', 'DPoP-Nonce', 'error', 'error_description', 'Retry-After'],
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
    expect(redactObject({ deep: [{ [name]: 'short' }] })).toEqual({ deep: [{ [name]: 'short' }] })
    expect(redactHeaders({ [name]: '401' })).toEqual({ [name]: '401' })
    expect(redactHeaders(new Headers({ [name]: '401' }))).toEqual({ [name.toLowerCase()]: '401' })
  })

  test.each([
    ['a name that is not known', { note: 'a', pin: 1234 }, { note: '[redacted]', pin: '[redacted]' }],
    ['the scheme of credentials', { Authorization: 'Bearer abc' }, { Authorization: '[redacted]' }],
    [
      'challenges and places',
      { location: '/cb', 'www-authenticate': 'Bearer' },
      allRedacted('location', 'www-authenticate'),
    ],
    ['a flat list', ['Cookie', 'a=1'], ['[redacted]', '[redacted]']],
    ['a name that could be a token', { [secret]: null }, { '[redacted]': null }],
    ['a token as a code', { code: secret }, { code: '[redacted]' }],
    ['a number that could be one', { code: 123_456_789 }, { code: '[redacted]' }],
    ['a scope that could hold an encoded secret', { scope: 'a%20b' }, { scope: '[redacted]' }],
    ['a scope that is long', { scope: 'a '.repeat(101) }, { scope: '[redacted]' }],
  ])('hides %s', (_name, value, expected) => {
    expect(redactObject(value)).toEqual(expected)
  })

  test.each([
    ['AADSTS700082: The refresh token has expired.', 'AADSTS700082: The refresh token has expired.'],
    ['Unknown or invalid refresh token!', 'Unknown or invalid refresh token!'],
    ['BAD_REFRESH_TOKEN', 'BAD_REFRESH_TOKEN'],
    ['E0000011', 'E0000011'],
    ['Das Token ist ungültig,\nMüller', 'Das Token ist ungültig, Müller'],
    ['不正なトークン', '不正なトークン'],
    ['the Bearer token was refused', 'the Bearer token was refused'],
    ['[authchart] refresh failed: 503', '[authchart] refresh failed: 503'],
    ['', ''],
    ['sent refresh_token=a to https://a.example/x', 'sent [redacted] to [redacted]'],
    ['jwt eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln end', 'jwt [redacted] end'],
    ['id 67d87f1c-20a4-45ae-b49f-1a4cb5b5b5b5', 'id [redacted]'],
    ['run abcdefghijklmnopqrstuvwxy', 'run [redacted]'],
    ['run abcdefghijklmnopqrstuvwx', 'run abcdefghijklmnopqrstuvwx'],
    ['ring \u0007 and \u202e', 'ring [redacted] and [redacted]'],
    [`${'word '.repeat(40)}word`, `${'word '.repeat(40)}…`],
    [`${'word '.repeat(39)}word secret`, `${'word '.repeat(39)}word …`],
    ['{"error":"x","refresh_tok', '[redacted]'],
    ['{"access\\u005ftoken":"a"', '[redacted]'],
  ])('reads %j as %j', (text, expected) => {
    expect(redactText(text)).toBe(expected)
  })

  test.each([
    ['https://a.example/token', 'https://a.example/token'],
    ['https://alice:pw@a.example:8443/x?code=a#b', 'https://a.example:8443/x'],
    ['//alice@a.example/x', '//a.example/x'],
    ['/cb#access_token=a', '/cb'],
    ['https://a.example/users/@alice', 'https://a.example/users/@alice'],
  ])('shows of %s no more than %s', (url, expected) => {
    expect(redactUrl(url)).toBe(expected)
  })

  test('shows nothing of a body that is not a form', () => {
    expect(Object.keys(redactForm(secret))).toEqual(['[redacted]'])
    expect(Object.keys(redactForm(JSON.stringify({ refresh_token: secret })))).toEqual(['[redacted]'])
  })

  test('hides what the request carried wherever it is quoted', () => {
    const secrets = ['plain-words-only', 'with spaces in it', 'tiny']
    const options = { secrets }
    expect(redactText('the token plain-words-only is spent', options)).toBe('the token [redacted] is spent')
    expect(redactUrl('https://a.example/plain-words-only/x?y', options)).toBe('https://a.example/[redacted]/x')
    expect(redactForm('scope=with+spaces+in+it&client_id=a', options)).toEqual({ scope: '[redacted]', client_id: 'a' })
    expect(redactHeaders({ 'content-type': 'text/plain; a="with+spaces+in+it"' }, options)).toEqual({
      'content-type': 'text/plain; a="[redacted]"',
    })
    expect(redactObject({ error: 'no_plain-words-only', 'plain-words-only': 1 }, options)).toEqual({
      error: 'no_[redacted]',
      '[redacted]': '[redacted]',
    })
  })

  test('hides the longer one of two secrets whole', () => {
    expect(redactText('abcdefgh-ijk', { secrets: ['abcdefgh', 'abcdefgh-ijk'] })).toBe('[redacted]')
  })

  test('keeps an error code in which a weak secret stands, but not one that is the secret', () => {
    const secrets = ['temporarily', 'invalid_grant']
    expect(redactObject({ error: 'temporarily_unavailable' }, { secrets })).toEqual({
      error: 'temporarily_unavailable',
    })
    expect(redactObject({ error: 'invalid_grant' }, { secrets })).toEqual({ error: '[redacted]' })
  })

  test('tells whether a secret was there at all', () => {
    const value = { access_token: '', refresh_token: null, hasRefreshToken: true }
    expect(redactObject(value)).toEqual(value)
  })

  test('cuts depth and width', () => {
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    expect(JSON.stringify(redactObject(cycle))).toContain('[redacted]')
    const wide = Array.from({ length: 300 }, () => Array.from({ length: 300 }, () => ({ a: 1 })))
    expect(JSON.stringify(redactObject(wide)).length).toBeLessThan(60_000)
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

  test('never throws for any text', () => {
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
      // The processor's time, not the wall's: what else the machine does is no fault of ours.
      const start = process.threadCpuUsage()
      redactText(text)
      redactText(`token: ${text}`)
      redactObject({ a: text, error: text, [text]: [text] }, { secrets: ['a-refresh-token', '%25%25%25%25'] })
      redactUrl(text)
      const { user, system } = process.threadCpuUsage(start)
      expect(user + system).toBeLessThan(2_000_000)
    },
  )
})
