import { expect, test } from 'vitest'
import { canRevokeReplaced, isOfAnotherIssuer } from './identities.ts'

test.each([
  ['the same issuer', 'https://login.example', 'https://login.example', false],
  ['a slash at the end', 'https://login.example/', 'https://login.example', false],
  ['another host', 'https://login.example', 'https://login.other.example', true],
  ['another path', 'https://login.example/a', 'https://login.example/b', true],
  ['an issuer that the record does not know', undefined, 'https://login.example', false],
  ['an issuer that the grant does not know', 'https://login.example', undefined, false],
])('a server is another one or not: %s', (_what, recorded, issuer, expected) => {
  expect(isOfAnotherIssuer(recorded === undefined ? {} : { issuer: recorded }, issuer)).toBe(expected)
})

const alice = { issuer: 'https://login.example', clientId: 'app', subject: 'alice' }
const bob = { ...alice, subject: 'bob' }

test.each([
  ['of another subject can be revoked', alice, bob, true],
  ['of the same subject are left alone: both may hang on one grant', alice, { ...alice }, false],
  ['of somebody unknown are left alone', { issuer: alice.issuer, clientId: 'app' }, bob, false],
  ['are left alone when it is unknown who has signed in', alice, { issuer: alice.issuer, clientId: 'app' }, false],
  ['of another issuer are not shown to this one', { ...alice, issuer: 'https://other.example' }, bob, false],
  ['of another client are not revoked by this one', { ...alice, clientId: 'other' }, bob, false],
])('tokens that were replaced, %s', (_name, replaced, by, can) => {
  expect(canRevokeReplaced(replaced, by)).toBe(can)
})
