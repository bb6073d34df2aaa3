import { format, inspect } from 'node:util'
import { describe, expect, it, test } from 'vitest'
import { authorizationHeader, createAccessToken } from './access-token.ts'

const tokenSet = {
  accessToken: 'canary-access',
  tokenType: 'DPoP',
  receivedAt: 1000,
  expiresAt: 2000,
  refreshToken: 'canary-refresh',
  idToken: 'canary-id',
}

describe('an access token', () => {
  it('has its value, its type, its generation and its times', () => {
    const token = createAccessToken(tokenSet, 7)
    expect(token.value).toBe('canary-access')
    expect({ ...token }).toEqual({ type: 'DPoP', generation: 7, receivedAt: 1000, expiresAt: 2000 })
  })

  it('has no expiry if none is known', () => {
    const { expiresAt, ...unlimited } = tokenSet
    expect(createAccessToken(unlimited, 7)).not.toHaveProperty('expiresAt')
  })

  it('is frozen', () => {
    const token = createAccessToken(tokenSet, 7)
    expect(Object.isFrozen(token)).toBe(true)
    expect(() => Object.assign(token, { value: 'other' })).toThrow(TypeError)
  })

  it.each([
    ['JSON.stringify', (token: object) => JSON.stringify({ token })],
    ['a template', (token: object) => `${token}`],
    ['String', (token: object) => String([token])],
    ['inspect', (token: object) => inspect({ token }, { depth: 5 })],
    ['inspect, hidden properties too', (token: object) => inspect({ token }, { depth: 5, showHidden: true })],
    ['inspect, getters too', (token: object) => inspect({ token }, { depth: 5, showHidden: true, getters: true })],
    ['inspect of a proxy', (token: object) => inspect(new Proxy(token, {}), { showProxy: true, getters: true })],
    ['what inherits from it', (token: object) => inspect(Object.create(token), { showHidden: true, getters: true })],
    ['a walk through its own keys', (token: object) => inspect(Object.getOwnPropertyDescriptors(token))],
    ['console.log with %o', (token: object) => format('%o', token)],
    ['a copy', (token: object) => JSON.stringify({ ...token })],
    ['structuredClone', (token: object) => inspect(structuredClone({ ...token }), { showHidden: true })],
  ])('P55 shows no secret to %s', (_name, show) => {
    expect(show(createAccessToken(tokenSet, 7))).not.toContain('canary')
  })

  it('makes proofs where it is bound to a key, and shows nothing of that', async () => {
    const token = createAccessToken(tokenSet, 7, async ({ method, url }) => `canary-proof ${method} ${url}`)
    expect(await token.createProof?.({ method: 'GET', url: 'https://a.example' })).toBe(
      'canary-proof GET https://a.example',
    )
    expect({ ...token }).toEqual({ ...createAccessToken(tokenSet, 7) })
    expect(inspect(token, { showHidden: true })).not.toContain('canary')
  })

  it('throws through a proxy rather than be sent as undefined', () => {
    const proxy = new Proxy(createAccessToken(tokenSet, 7), {})
    expect(() => proxy.value).toThrow(TypeError)
    expect(proxy.generation).toBe(7)
  })

  it('says its type when it is made a text by accident', () => {
    expect(String(createAccessToken(tokenSet, 7))).toBe('DPoP [redacted]')
  })
})

test.each([
  { type: 'Bearer', scheme: undefined, expected: 'Bearer abc' },
  { type: 'DPoP', scheme: undefined, expected: 'DPoP abc' },
  { type: 'Bearer', scheme: 'Token', expected: 'Token abc' },
  { type: 'DPoP', scheme: '', expected: 'abc' },
])('a $type token with the scheme $scheme is sent as "$expected"', ({ type, scheme, expected }) => {
  expect(authorizationHeader({ type, value: 'abc' }, scheme)).toBe(expected)
})
