import { setImmediate } from 'node:timers/promises'
import { isSessionEndedError } from '@authchart/core'
import type { SessionRecord } from '@authchart/core/store'
import { createSimulatedClock } from '@authchart/core/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import { collectNotices, typesOf } from '../support/notices.ts'
import { openSession, openSignedInSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'
import { createTroubledStore, type TroubledStore } from '../support/troubled-store.ts'

const settle = 5_000

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
beforeEach(() => server.resetCounts())
afterAll(() => server.close())

/** Puts an older record back, as a restored backup or a failover does: no holder hears of that. */
async function restore(store: TroubledStore, backup: SessionRecord): Promise<void> {
  const current = await store.peek(sessionKey)
  await store.compareAndSet(sessionKey, current?.revision, backup)
}

async function peek(store: TroubledStore): Promise<SessionRecord> {
  const record = await store.peek(sessionKey)
  if (record === undefined) throw new Error('There is no record')
  return record
}

describe('P77 a store that went back in time', () => {
  test('P77 gets the tokens back that a holder knows, and the spent refresh token is not sent', async () => {
    const clock = createSimulatedClock()
    const store = createTroubledStore()
    await using session = await openSignedInSession(server, { store, runtime: { clock, random: () => 0 } })
    const backup = await peek(store)
    const { generation } = await session.refresh()
    await restore(store, backup)

    await expect(session.refresh()).rejects.toMatchObject({ code: 'storeUnavailable', retryAt: clock.now() + settle })
    expect(await peek(store)).toMatchObject({ generation, status: 'signedIn', refreshIntent: { outcomeUnknown: true } })
    expect(server.counts).toMatchObject({ refreshes: 1, reuseDetected: 0 })
    // For five seconds nothing is sent, whoever asks: another holder may know more.
    await clock.advance(settle - 1)
    await expect(session.refresh()).rejects.toMatchObject({ code: 'storeUnavailable' })
    await clock.advance(1)
    expect((await session.refresh()).generation).toBeGreaterThan(generation)
    expect(server.counts).toMatchObject({ refreshes: 2, reuseDetected: 0 })
  })

  test('P77 is told by the hint alone, where no refresh is due', async () => {
    const store = createTroubledStore()
    await using session = await openSignedInSession(server, { store })
    const backup = await peek(store)
    const { generation } = await session.refresh()
    await restore(store, backup)
    await eventually(async () => (await peek(store)).generation === generation, { description: 'the record' })
    expect(session.getSnapshot()).toMatchObject({ usable: true, generation })
  })

  test('P77 is told by a hint that comes at the end of a refresh', async () => {
    const inner = createTroubledStore()
    let backup: SessionRecord | undefined
    const store: TroubledStore = {
      ...inner,
      async lease(key, options) {
        const lease = await inner.lease(key, options)
        return {
          lost: lease.lost,
          async [Symbol.asyncDispose]() {
            // What was refreshed is stored, and the session does not know yet.
            if (backup !== undefined) await restore(inner, backup)
            backup = undefined
            await setImmediate()
            await lease[Symbol.asyncDispose]()
          },
        }
      },
    }
    await using session = await openSignedInSession(server, { store })
    const before = await peek(inner)
    backup = before
    const { generation } = await session.refresh()
    expect(generation).toBeGreaterThan(before.generation)
    await eventually(async () => (await peek(inner)).generation === generation, { description: 'the record' })
  })

  test('P77 of two holders that know different generations, the higher comes out', async () => {
    const clock = createSimulatedClock()
    const store = createTroubledStore()
    await using first = await openSignedInSession(server, { store, runtime: { clock, random: () => 0 } })
    const backup = await peek(store)
    await first.refresh()
    await using second = openSession(server, { store, runtime: { clock, random: () => 0 } })
    await second.ready
    const { generation } = await second.refresh()
    await restore(store, backup)
    await eventually(async () => (await peek(store)).generation === generation, { description: 'the higher one' })
    await clock.advance(settle)
    await second.refresh()
    await first.refresh()
    expect(server.counts).toMatchObject({ refreshes: 4, reuseDetected: 0 })
  })

  test('P77 stays signed out where a holder signed out since', async () => {
    const store = createTroubledStore()
    await using session = await openSignedInSession(server, { store })
    const backup = await peek(store)
    await session.signOut()
    await restore(store, backup)
    await eventually(async () => (await peek(store)).status === 'signedOut', { description: 'the tombstone' })
    expect(session.getSnapshot()).toMatchObject({ signedIn: false, status: 'signedOut' })
  })

  test('P77 to before a sign-in has ended that one: no refresh turns it into the one before, perhaps of another user', async () => {
    const store = createTroubledStore()
    await using session = await openSignedInSession(server, { store })
    const notices = collectNotices(session)
    const backup = await peek(store)
    await session.signIn(tokenSetOf(await server.signIn()), { replaceSubject: true })
    server.resetCounts()
    await restore(store, backup)
    await expect(session.refresh()).rejects.toSatisfy(
      (error) => isSessionEndedError(error) && error.reason === 'recordRemoved',
    )
    expect(server.counts).toMatchObject({ refreshes: 0, reuseDetected: 0 })
    // What the store holds is another sign-in, and is said to be one.
    expect(await session.getAccessToken()).toMatchObject({ generation: backup.generation })
    expect(typesOf(notices)).toEqual(['signedIn', 'ended', 'signedIn'])
  })

  test('P77 without a holder that knows more, the session ends with its reason', async () => {
    const store = createTroubledStore()
    const backup = await (async () => {
      await using session = await openSignedInSession(server, { store })
      const before = await peek(store)
      await session.refresh()
      return before
    })()
    await restore(store, backup)
    await using session = openSession(server, { store })
    const notices = collectNotices(session)
    await expect(session.refresh()).rejects.toSatisfy(
      (error) => isSessionEndedError(error) && error.reason === 'grantRejected',
    )
    expect(typesOf(notices)).toEqual(['ended'])
  })
})
