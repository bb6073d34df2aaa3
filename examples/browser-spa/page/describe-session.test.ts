import type { SessionStatus } from '@authchart/core'
import { createFakeSession } from '@authchart/core/testing'
import { expect, it } from 'vitest'
import { announceSession, describeSession } from './describe-session.ts'

it.each<[SessionStatus, string, string]>([
  ['restoring', 'Looking for a session', ''],
  ['signedOut', 'Signed out', 'Signed out.'],
  ['fresh', 'Signed in', 'Signed in as alice.'],
  ['refreshing', 'Refreshing', 'Signed in as alice.'],
  ['signingOut', 'Signing out', 'Signing out.'],
  ['invalidated', 'Session ended', 'Session ended. The authorization server has withdrawn the sign-in.'],
])('a session that is `%s` is shown as "%s", and announced as "%s"', async (status, headline, announcement) => {
  const session = await createFakeSession({ status, claims: { sub: 'alice' } })
  const snapshot = session.getSnapshot()
  expect(describeSession(snapshot)).toMatchObject({ headline })
  expect(announceSession(snapshot, session.claims?.sub)).toBe(announcement)
  session.release()
  await session.close()
})

it('says whether calls go on while refreshing fails', async () => {
  await using session = await createFakeSession()
  const good = await session.fail('network')
  expect(describeSession(good).detail).toBe(
    'The authorization server cannot be reached. The access token still serves.',
  )
  await session.expire()
  const spent = await session.fail('network')
  expect(describeSession(spent).detail).toBe(
    'The authorization server cannot be reached. Calls are refused until that is over.',
  )
})
