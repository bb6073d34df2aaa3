import { describe, expect, test } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import { carryForward, normalizeTokenSet } from './normalize-token-set.ts'
import type { TokenSet } from './token-set.ts'

const receivedAt = 1_700_000_000_000

function createJwt(claims: unknown): string {
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
  return `${encode({ alg: 'none' })}.${encode(claims)}.signature`
}

function normalize(input: Record<string, unknown>): TokenSet {
  const result = normalizeTokenSet({ accessToken: 'abc', ...input }, receivedAt)
  if (result.kind === 'malformed') throw new Error(result.problem)
  return result.tokenSet
}

/** The lifetime in milliseconds that was made of this input. */
function lifetimeOf(input: Record<string, unknown>): number | undefined {
  const { expiresAt } = normalize(input)
  return expiresAt === undefined ? undefined : expiresAt - receivedAt
}

describe('an access token', () => {
  test.each([
    [undefined],
    [null],
    ['abc'],
    [42],
    [[]],
    [{}],
    [{ accessToken: '' }],
    [{ accessToken: null }],
    [{ accessToken: 42 }],
    [{ accessToken: { value: 'abc' } }],
    [{ access_token: 'abc' }],
  ])('is missing from %j', (input) => {
    expect(normalizeTokenSet(input, receivedAt).kind).toBe('malformed')
  })

  test.each(['a\nb', 'a\0b', 'a\u007fb', 'snow ☃', 'a\u2003', 'a\n\u00a0', '\ufeffa', ' '])(
    'that no header can carry is malformed, and not quoted: %j',
    (accessToken) => {
      const result = normalizeTokenSet({ accessToken }, receivedAt)
      expect(result).toEqual({ kind: 'malformed', problem: '`accessToken` has characters that no header can carry' })
    },
  )

  test('that is none of these can be sent', () => {
    const characters = fc.constantFrom(...'a \t\r\n\0\u007f\u00a0\u00ff\u2003☃')
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: characters }), (accessToken) => {
        if (normalizeTokenSet({ accessToken }, receivedAt).kind === 'malformed') return
        expect(new Headers({ authorization: accessToken }).get('authorization')).not.toBe('')
      }),
      { numRuns: 2_000 },
    )
  })

  test('is enough', () => {
    expect(normalizeTokenSet({ accessToken: 'abc' }, receivedAt)).toStrictEqual({
      kind: 'tokenSet',
      tokenSet: { accessToken: 'abc', tokenType: 'Bearer', receivedAt },
    })
  })
})

test.each([
  [undefined, 'Bearer'],
  [null, 'Bearer'],
  ['', 'Bearer'],
  [42, 'Bearer'],
  ['bearer', 'Bearer'],
  ['BEARER', 'Bearer'],
  ['dpop', 'DPoP'],
  [' DPoP ', 'DPoP'],
  ['bot', 'Bearer'],
  ['N_A', 'Bearer'],
  ['two words', 'Bearer'],
  ['a\r\nb', 'Bearer'],
])('reads the token type %j as %s', (tokenType, expected) => {
  expect(normalize({ tokenType }).tokenType).toBe(expected)
})

describe('P27 expiresIn', () => {
  test.each([
    [3600, 3_600_000],
    ['3600', 3_600_000],
    [' 3600 ', 3_600_000],
    ['3600.5', 3_600_500],
    [2, 2000],
    [0.5, 500],
    [0, 0],
    ['0', 0],
    [-1, 0],
    ['-3600', 0],
    [1e300, 8.64e15 - receivedAt],
    [Number.MAX_SAFE_INTEGER, 8.64e15 - receivedAt],
  ])('%j is a lifetime of %d ms', (expiresIn, expected) => {
    expect(lifetimeOf({ expiresIn })).toBe(expected)
  })

  test.each([
    ...['3600s', '', ' ', 'never', '1e3', '0x10', 'NaN', 'Infinity', '9'.repeat(400)],
    ...[
      null,
      undefined,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      true,
      false,
      {},
      [3600],
      3600n,
    ],
  ])('%o counts as absent', (expiresIn) => {
    expect(lifetimeOf({ expiresIn })).toBeUndefined()
    expect(lifetimeOf({ expiresIn, expiresAt: receivedAt + 5 })).toBe(5)
  })
})

describe('the expiry', () => {
  const accessToken = createJwt({ exp: (receivedAt + 30_000) / 1000 })

  test('is taken from expiresIn first', () => {
    expect(lifetimeOf({ accessToken, expiresIn: 10, expiresAt: receivedAt + 20_000 })).toBe(10_000)
  })

  test('is taken from expiresAt where there is no expiresIn', () => {
    expect(lifetimeOf({ accessToken, expiresAt: receivedAt + 20_000 })).toBe(20_000)
  })

  test.each([['1700000000000'], [Number.NaN], [Number.POSITIVE_INFINITY], [null]])(
    'P26 is taken from the exp of a JWT only where nothing better came: expiresAt %s',
    (expiresAt) => {
      expect(lifetimeOf({ accessToken, expiresAt, expiresIn: '3600s' })).toBe(30_000)
    },
  )

  test.each([
    ['no JWT'],
    ['a.b.c'],
    ['..'],
    [createJwt({})],
    [createJwt({ exp: '1700000000' })],
    [createJwt({ exp: null })],
    [createJwt([1])],
    [createJwt(null)],
    [createJwt({ exp: 1 }).split('.').slice(0, 2).join('.')],
  ])('P26 is unknown, without an error, where the access token is %s', (opaque) => {
    expect(lifetimeOf({ accessToken: opaque })).toBeUndefined()
  })

  test.each([
    ['an hour ahead', 3_600],
    ['a day behind', -86_400],
  ])('P79 of a JWT is counted from its arrival, where the server’s clock is %s', (_name, skew) => {
    const iat = receivedAt / 1000 + skew
    expect(lifetimeOf({ accessToken: createJwt({ iat, exp: iat + 600 }) })).toBe(600_000)
  })

  test('of a JWT whose times contradict each other is its `exp`', () => {
    const exp = receivedAt / 1000 + 60
    expect(lifetimeOf({ accessToken: createJwt({ iat: exp + 1, exp }) })).toBe(60_000)
    expect(lifetimeOf({ accessToken: createJwt({ iat: 'now', exp }) })).toBe(60_000)
  })

  test.each([
    [3_600_000, 3_600, 3_600_000],
    ['3600000', 3_600, 3_600_000],
    [3_600, 3_600, 3_600_000],
    [1_800_000, 3_600, 1_800_000_000],
    [5_400_000, 3_600, 5_400_000_000],
    [30, 3_600, 30_000],
  ])('of %j beside a JWT that lives %d s is %d ms: milliseconds show by that', (expiresIn, seconds, expected) => {
    const iat = receivedAt / 1000
    expect(lifetimeOf({ expiresIn, accessToken: createJwt({ iat, exp: iat + seconds }) })).toBe(expected)
  })

  test('is never before the arrival', () => {
    expect(lifetimeOf({ expiresAt: receivedAt - 1 })).toBe(0)
    expect(lifetimeOf({ expiresAt: -5 })).toBe(0)
    expect(lifetimeOf({ accessToken: createJwt({ exp: -1 }) })).toBe(0)
  })

  test('is never later than a Date can be', () => {
    expect(normalize({ expiresAt: Number.MAX_VALUE }).expiresAt).toBe(8.64e15)
    expect(normalize({ accessToken: createJwt({ exp: 1e300 }) }).expiresAt).toBe(8.64e15)
  })
})

describe('P91 when the sign-in expires', () => {
  const signInExpiryOf = (input: Record<string, unknown>) => {
    const { signInExpiresAt } = normalize(input)
    return signInExpiresAt === undefined ? undefined : signInExpiresAt - receivedAt
  }
  const iat = receivedAt / 1000 - 500
  const refreshToken = createJwt({ iat, exp: iat + 86_400 })

  test.each<[object, number | undefined]>([
    [{ signInExpiresIn: 60, refreshToken }, 60_000],
    [{ signInExpiresIn: '60' }, 60_000],
    [{ signInExpiresIn: 86_400_000, refreshToken }, 86_400_000],
    [{ signInExpiresAt: receivedAt + 5, refreshToken }, 5],
    [{ refreshToken }, 86_400_000],
    [{ refreshToken: createJwt({ exp: receivedAt / 1000 + 60 }) }, 60_000],
    [{ refreshToken: createJwt({ exp: receivedAt / 1000 - 60 }) }, undefined],
    [{ refreshToken: 'opaque' }, undefined],
    [{ signInExpiresIn: 0 }, undefined],
    [{ signInExpiresIn: -1, signInExpiresAt: 0 }, undefined],
    [{ signInExpiresIn: 'never', signInExpiresAt: 'soon' }, undefined],
  ])('%#: %o', (input, expected) => {
    expect(signInExpiryOf(input as Record<string, unknown>)).toBe(expected)
  })
})

test('P80 what is malformed gives its refresh token away', () => {
  const saved = { kind: 'malformed', refreshToken: 'r' }
  expect(normalizeTokenSet({ accessToken: '', refreshToken: 'r' }, receivedAt)).toMatchObject(saved)
  expect(normalizeTokenSet({ accessToken: 'snow ☃', refreshToken: 'r' }, receivedAt)).toMatchObject(saved)
})

test('P90 details are kept as they are, if they are an object', () => {
  const details = { instance_url: 'https://a.example', nested: [1] }
  expect(normalize({ details }).details).toEqual(details)
  for (const other of [[], 'a', null, 7]) expect(normalize({ details: other })).not.toHaveProperty('details')
})

test.each([[undefined], [null], [''], [42], [{}], [['x']]])('%j as an optional member counts as absent', (value) => {
  const input = { accessToken: 'abc', refreshToken: value, idToken: value, scope: value }
  expect(normalizeTokenSet(input, receivedAt)).toStrictEqual({
    kind: 'tokenSet',
    tokenSet: { accessToken: 'abc', tokenType: 'Bearer', receivedAt },
  })
})

test('keeps the refresh token, id token and scope, and nothing else', () => {
  const optional = { refreshToken: 'r', idToken: 'i', scope: 'a b' }
  expect(normalize({ ...optional, other: 1 })).toStrictEqual({
    ...{ accessToken: 'abc', tokenType: 'Bearer', receivedAt },
    ...optional,
  })
})

test('trusts nothing: whatever comes in, what comes out is a token set or a problem', () => {
  const anything = fc.anything()
  const input = fc.record(
    { accessToken: fc.string(), tokenType: anything, expiresIn: anything, expiresAt: anything, refreshToken: anything },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(anything, input), (value) => {
      const result = normalizeTokenSet(value, receivedAt)
      if (result.kind === 'malformed') return
      const { tokenSet } = result
      expect(Object.values(tokenSet)).not.toContain(undefined)
      expect(() => new Headers({ authorization: `${tokenSet.tokenType} ${tokenSet.accessToken}` })).not.toThrow()
      const { expiresAt = receivedAt } = tokenSet
      expect(Number.isInteger(expiresAt) && expiresAt >= receivedAt && expiresAt <= 8.64e15).toBe(true)
    }),
  )
})

describe('P48 carryForward', () => {
  const next: TokenSet = { accessToken: 'new', tokenType: 'Bearer', receivedAt, expiresAt: receivedAt + 1 }
  const previous: TokenSet = {
    ...{ accessToken: 'old', tokenType: 'DPoP', receivedAt: 1, expiresAt: 2 },
    ...{ refreshToken: 'r', idToken: 'i', scope: 's' },
  }

  test('keeps the refresh token, id token and scope that a response omitted, and nothing else of the previous set', () => {
    expect(carryForward(next, previous)).toStrictEqual({ ...next, refreshToken: 'r', idToken: 'i', scope: 's' })
  })

  test('replaces those that it brought', () => {
    const rotated = { ...next, refreshToken: 'R', idToken: 'I', scope: 'S' }
    expect(carryForward(rotated, previous)).toStrictEqual(rotated)
  })

  test('does not keep an expiry: a token without one is valid until rejected', () => {
    const { expiresAt: _, ...unknownExpiry } = next
    expect(carryForward(unknownExpiry, previous)).not.toHaveProperty('expiresAt')
  })

  test('P90 keeps details, each until another came', () => {
    const before = { ...previous, details: { a: 1, b: 1 } }
    expect(carryForward(next, before).details).toEqual({ a: 1, b: 1 })
    expect(carryForward({ ...next, details: { b: 2 } }, before).details).toEqual({ a: 1, b: 2 })
    expect(carryForward({ ...next, details: { b: 2 } }, previous).details).toEqual({ b: 2 })
  })

  test('P91 keeps the end of the sign-in as long as the refresh token stays, and not beyond', () => {
    const before = { ...previous, signInExpiresAt: receivedAt + 1 }
    expect(carryForward(next, before).signInExpiresAt).toBe(receivedAt + 1)
    expect(carryForward({ ...next, refreshToken: 'R' }, before)).not.toHaveProperty('signInExpiresAt')
    expect(carryForward({ ...next, signInExpiresAt: receivedAt + 2 }, before).signInExpiresAt).toBe(receivedAt + 2)
  })

  test('P91 keeps since when that end is known, as long as it stays about the same', () => {
    const ends = receivedAt + 100_000
    const first = carryForward({ ...next, signInExpiresAt: ends }, { ...previous, signInExpiresAt: 1 })
    expect(first).not.toHaveProperty('signInEndKnownAt')
    const second = carryForward({ ...next, receivedAt: receivedAt + 5, signInExpiresAt: ends + 59_999 }, first)
    expect(second.signInEndKnownAt).toBe(first.receivedAt)
    expect(carryForward({ ...next, signInExpiresAt: ends }, second).signInEndKnownAt).toBe(first.receivedAt)
    expect(carryForward({ ...next, signInExpiresAt: ends + 120_000 }, second)).not.toHaveProperty('signInEndKnownAt')
  })

  test('leaves a first token set as it is', () => {
    expect(carryForward(next, undefined)).toStrictEqual(next)
  })

  test('over any sequence of responses, each member is the last that came', () => {
    const response = fc.record(
      {
        refreshToken: fc.string({ minLength: 1 }),
        idToken: fc.string({ minLength: 1 }),
        scope: fc.string({ minLength: 1 }),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.array(response, { minLength: 1 }), (responses) => {
        let current: TokenSet | undefined
        for (const members of responses) current = carryForward(normalize({ ...members }), current)
        for (const member of ['refreshToken', 'idToken', 'scope'] as const) {
          expect(current?.[member]).toBe(responses.findLast((members) => members[member] !== undefined)?.[member])
        }
        expect(Object.values(current ?? {})).not.toContain(undefined)
      }),
    )
  })
})
