import { expect, test } from 'vitest'
import { authorizationHeader } from './authorization-header.ts'

test.each([
  { type: 'Bearer', scheme: undefined, expected: 'Bearer abc' },
  { type: 'DPoP', scheme: undefined, expected: 'DPoP abc' },
  { type: 'Bearer', scheme: 'Token', expected: 'Token abc' },
  { type: 'DPoP', scheme: '', expected: 'abc' },
])('a $type token with the scheme $scheme is sent as "$expected"', ({ type, scheme, expected }) => {
  expect(authorizationHeader({ type, value: 'abc' }, scheme)).toBe(expected)
})
