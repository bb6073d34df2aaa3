import { expect, test } from 'vitest'
import { canRevokeReplaced } from './revoke-replaced.ts'

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
