import { describe, expect, it } from 'vitest'
import { StoreError } from '../errors/store-error.ts'
import { memoryStore } from '../store/memory-store.ts'
import type { SessionStore } from '../store/session-store.ts'
import { createSimulatedClock } from '../testing/simulated-clock.ts'
import { createSession } from './create-session.ts'
import type { SessionSnapshot } from './session-snapshot.ts'

const key = 'acme:alice'
const tokens = { accessToken: 'access-1', expiresIn: 3600, refreshToken: 'refresh-1' }

function openSession(store: SessionStore) {
  const clock = createSimulatedClock()
  const session = createSession({
    key,
    store,
    runtime: { clock },
    grant: async () => ({ accessToken: 'access-2', expiresIn: 3600, refreshToken: 'refresh-2' }),
  })
  return { session, settle: () => clock.advance(0) }
}

function untilStatus(
  session: ReturnType<typeof openSession>['session'],
  status: SessionSnapshot['status'],
): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = session.subscribe((snapshot) => {
      if (snapshot.status !== status) return
      unsubscribe()
      resolve()
    })
  })
}

describe('P43 a sign-out by another holder', () => {
  it('is not undone by a refresh that was stored just before, and is giving its lease back', async () => {
    const { promise: mayRelease, resolve: release } = Promise.withResolvers<void>()
    const { promise: isReleasing, resolve: releasing } = Promise.withResolvers<void>()
    const memory = memoryStore()
    const slow: SessionStore = {
      ...memory,
      async lease(leaseKey, options) {
        const lease = await memory.lease(leaseKey, options)
        return {
          lost: lease.lost,
          async [Symbol.asyncDispose]() {
            releasing()
            await mayRelease
            await lease[Symbol.asyncDispose]()
          },
        }
      },
    }
    const { session, settle } = openSession(slow)
    await using _session = session
    await using neighbour = openSession(memory).session
    await session.signIn(tokens)
    const refresh = session.refresh()
    refresh.catch(() => {})
    await isReleasing
    await neighbour.ready
    const signedOut = untilStatus(session, 'signedOut')
    await neighbour.signOut()
    await signedOut
    release()
    await settle()
    await expect(session.getAccessToken()).rejects.toMatchObject({ code: 'notSignedIn' })
    await expect(refresh).rejects.toMatchObject({ code: 'notSignedIn' })
    expect(session.getSnapshot()).toMatchObject({ status: 'signedOut', usable: false })
  })
})

describe('P53 a sign-out that the store could not be told', () => {
  it('holds here, though the record is still there when the store is back', async () => {
    const memory = memoryStore()
    let isDown = false
    let hint = () => {}
    const { session, settle } = openSession({
      ...memory,
      async read(recordKey) {
        if (isDown) throw new StoreError('storeUnavailable', 'down')
        return memory.read(recordKey)
      },
      watch(_key, listener) {
        hint = listener
        return () => {}
      },
    })
    await using _session = session
    await session.signIn(tokens)
    isDown = true
    await expect(session.signOut()).rejects.toMatchObject({ code: 'storeUnavailable' })
    isDown = false
    hint()
    await settle()
    expect(session.getSnapshot().status).toBe('signedOut')
    await expect(session.getAccessToken()).rejects.toMatchObject({ code: 'notSignedIn' })
    await session.signOut()
    expect(await memory.read(key)).toMatchObject({ status: 'signedOut' })
  })
})
