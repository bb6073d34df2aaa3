import { NotSignedInError, RefreshUnavailableError, SessionDisposedError, SessionEndedError } from '@authchart/core'
import { expect, it } from 'vitest'
import { answerFailure, answerRejection } from './answer-failure.ts'

const now = 1_000_000
const snapshot = { signedIn: true, status: 'rejected', usable: false, generation: 1, online: true } as const

it.each([
  ['a passing failure', new RefreshUnavailableError({ retryAt: now + 30_000 }), 503, 30],
  ['one that passes within a second', new RefreshUnavailableError({ retryAt: now + 1 }), 503, 1],
  ['one rounded up', new RefreshUnavailableError({ retryAt: now + 1_001 }), 503, 2],
  ['one whose next try is due', new RefreshUnavailableError({ retryAt: now - 5 }), 503, 1],
  ['one whose next try nobody knows', new RefreshUnavailableError({ code: 'timeout' }), 503, 5],
  ['an end', new SessionEndedError({ reason: 'grantRejected', endedAt: now }), 503, undefined],
  ['nobody signed in', new NotSignedInError(), 503, undefined],
  ['a service that stops', new SessionDisposedError(), 503, 1],
  ['anything else', new TypeError('fetch failed'), 502, undefined],
])('answers %s', (_, error, status, retryAfter) => {
  const answer = answerFailure(error, now)
  expect(answer.status).toBe(status)
  expect(answer.retryAfter).toBe(retryAfter)
})

it.each([
  ['while refreshing fails', { ...snapshot, retryAt: now + 9_000 }, 9],
  ['for no known reason', snapshot, 5],
  ['since the session is over', { ...snapshot, reason: 'grantRejected' as const }, undefined],
  ['since nobody is signed in', { ...snapshot, status: 'signedOut' as const }, undefined],
])('answers 503 where the API says 401 %s', (_, given, retryAfter) => {
  const answer = answerRejection(given, now)
  expect(answer.status).toBe(503)
  expect(answer.retryAfter).toBe(retryAfter)
})
