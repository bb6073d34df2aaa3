import type { SessionSnapshot } from '@authchart/core'
import { createFakeSession, type FakeSession } from '@authchart/core/testing'
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

/** What a session says after calls that bring it there. */
const sessions: Record<string, [(session: FakeSession) => Promise<unknown>, 'ok' | 'degraded']> = {
  'ok with a fresh token': [async () => {}, 'ok'],
  'ok before the first call of a session': [(session) => session.expire(), 'ok'],
  'ok while a refresh fails and the token is still good': [(session) => session.fail('network'), 'ok'],
  'degraded while there is no token to be had': [
    async (session) => {
      await session.expire()
      await session.fail('network')
    },
    'degraded',
  ],
  'degraded once a session is over': [(session) => session.end('grantRejected'), 'degraded'],
  'degraded while nobody is signed in': [(session) => session.signOut(), 'degraded'],
}

it.each(Object.entries(sessions))('is %s', async (_, [bring, status]) => {
  await using session = await createFakeSession()
  await bring(session)
  expect(describeHealth({ service: fresh, user: session.getSnapshot() }, { stopping: false })).toMatchObject({
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
