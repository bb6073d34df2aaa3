import type { Session } from '@authchart/core'
import { createFakeSession } from '@authchart/core/testing'
import { expect, it } from 'vitest'

/** A part of your app. */
function greet(session: Session): string {
  const { signedIn, status } = session.getSnapshot()
  if (status === 'restoring') return '…'
  return signedIn ? `Hello, ${session.claims?.name}` : 'Please sign in'
}

it('greets the user, and asks for a sign-in once the session has ended', async () => {
  await using session = await createFakeSession({ claims: { sub: 'alice', name: 'Alice' } })
  expect(greet(session)).toBe('Hello, Alice')
  await session.end('grantRejected')
  expect(greet(session)).toBe('Please sign in')
})

it('waits for the session to be read', async () => {
  await using session = await createFakeSession({ status: 'restoring' })
  expect(greet(session)).toBe('…')
  session.release()
  await session.ready
  expect(greet(session)).toBe('Please sign in')
})
