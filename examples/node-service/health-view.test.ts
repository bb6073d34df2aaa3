import type { SessionSnapshot } from '@authchart/core'
import { expect, it } from 'vitest'
import { describeHealth } from './health-view.ts'

const fresh: SessionSnapshot = {
  signedIn: true,
  status: 'fresh',
  usable: true,
  generation: 1,
  online: true,
  expiresAt: 60_000,
}
const failing: SessionSnapshot = { ...fresh, status: 'transientFailure', code: 'network', retryAt: 30_000 }

it.each([
  ['ok with a fresh token', fresh, 'ok'],
  ['ok before the first call of a session', { ...fresh, status: 'expired', usable: false }, 'ok'],
  ['ok while a refresh fails and the token is still good', failing, 'ok'],
  ['degraded while there is no token to be had', { ...failing, usable: false }, 'degraded'],
  ['degraded once a session is over', { ...fresh, status: 'invalidated', reason: 'grantRejected' }, 'degraded'],
  ['degraded while nobody is signed in', { ...fresh, status: 'signedOut', usable: false }, 'degraded'],
] as const)('is %s', (_, user, status) => {
  expect(describeHealth({ service: fresh, user }, { stopping: false })).toMatchObject({
    httpStatus: 200,
    body: { status },
  })
})

it('is 503 while the service stops', () => {
  expect(describeHealth({ fresh }, { stopping: true })).toMatchObject({ httpStatus: 503, body: { status: 'stopping' } })
})

it('shows the status, the code and the times of a session', () => {
  const { sessions } = describeHealth({ user: failing }, { stopping: false }).body
  expect(sessions.user).toEqual({
    status: 'transientFailure',
    usable: true,
    code: 'network',
    expiresAt: '1970-01-01T00:01:00.000Z',
    retryAt: '1970-01-01T00:00:30.000Z',
  })
})
