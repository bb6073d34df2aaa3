import { expect, test } from 'vitest'
import { isOfAnotherIssuer } from './is-of-another-issuer.ts'

test.each([
  ['the same issuer', 'https://login.example', 'https://login.example', false],
  ['a slash at the end', 'https://login.example/', 'https://login.example', false],
  ['another host', 'https://login.example', 'https://login.other.example', true],
  ['another path', 'https://login.example/a', 'https://login.example/b', true],
  ['an issuer that the record does not know', undefined, 'https://login.example', false],
  ['an issuer that the grant does not know', 'https://login.example', undefined, false],
])('of %s', (_what, recorded, issuer, expected) => {
  expect(isOfAnotherIssuer(recorded === undefined ? {} : { issuer: recorded }, issuer)).toBe(expected)
})
