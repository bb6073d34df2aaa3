import { isNotSignedInError, memoryStore, type Session, type SessionOptions, type SessionStore } from '@authchart/core'
import type { SessionRecord } from '@authchart/core/store'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import { beginHeldBackRefresh } from '../support/held-back-refresh.ts'
import { createRecordingGrant } from '../support/recording-grant.ts'
import { openSession, tokenSetOf } from '../support/signed-in-session.ts'
import { leaseGivenBack, readRecord, secretsOf } from '../support/stored-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

let server: AuthorizationServer
let store: SessionStore
/** Stands still, so that generations differ by what was reserved and not by the time. */
let clock: SimulatedClock
/** Each token that was sent to the revocation endpoint. */
let revoked: readonly string[]
let open: (options?: Partial<SessionOptions>) => Session

beforeEach(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  store = memoryStore()
  clock = createSimulatedClock()
  const recording = createRecordingGrant(server)
  revoked = recording.revoked
  open = (options) => openSession(server, { store, runtime: { clock }, grant: recording.grant, ...options })
})

afterEach(() => server.close())

async function signIn(session: Session, subject = 'alice'): Promise<void> {
  await session.signIn(tokenSetOf(await server.signIn({ subject })), { replaceSubject: true })
}

/** Signs out, or somebody else in, in the session that refreshes or in another one on the same store. */
async function act(action: 'in' | 'out', session: Session): Promise<SessionRecord> {
  if (action === 'in') await signIn(session, 'bob')
  else await session.signOut()
  return readRecord(store)
}

it.each(['in', 'out'] as const)(
  'P43 a sign-%s elsewhere outranks tokens that were issued and still wait for the store',
  async (action) => {
    const line = createTroubledStore(store)
    await using session = open({ store: line })
    await using neighbour = open()
    await signIn(session)
    await neighbour.ready
    const sent = await readRecord(store)
    const { gate, caller, issued } = await beginHeldBackRefresh(server, session, { answer: 'issued' })
    line.trouble('compareAndSet', 'fails')
    gate.release()
    // The caller is served from memory meanwhile.
    expect(await caller).toBe(issued[0])
    const after = await act(action, neighbour)
    await eventually(() => session.getSnapshot().generation === after.generation, {
      description: 'the session to follow',
    })
    line.heal()
    // The first pause between two tries; ten seconds would end the revocations as well.
    await clock.advance(1_000)
    await leaseGivenBack(store)

    expect(await readRecord(store)).toEqual(after)
    const unused = [...secretsOf(sent), ...issued]
    await eventually(() => revoked.length >= unused.length, { description: 'the revocations' })
    expect(revoked.toSorted()).toEqual(unused.toSorted())
    if (action === 'out') {
      expect(session.getSnapshot().status).toBe('signedOut')
      await expect(session.getAccessToken()).rejects.toSatisfy(isNotSignedInError)
    } else {
      expect(session.getSnapshot().status).toBe('fresh')
      expect((await session.getAccessToken()).value).toBe(after.secrets?.tokenSet.accessToken)
      // Nothing waits for the store any more: the next refresh is waited for as any other is.
      clock.sleep(3_600_000)
      expect((await session.getAccessToken()).generation).toBeGreaterThan(after.generation)
    }
    expect(server.counts).toMatchObject({ refreshes: action === 'in' ? 2 : 1, reuseDetected: 0 })
  },
)

it('P43 tokens that are stored while a sign-out is on its way are not served, and are revoked with it', async () => {
  const tombstone = Promise.withResolvers<void>()
  let tombstones = 0
  const slow: SessionStore = {
    ...store,
    async compareAndSet(key, expectedRevision, next) {
      if (next.status === 'signedOut') {
        tombstones += 1
        await tombstone.promise
      }
      return store.compareAndSet(key, expectedRevision, next)
    },
  }
  await using session = open({ store: slow })
  await signIn(session)
  const { gate, issued } = await beginHeldBackRefresh(server, session, { answer: 'issued' })
  const signedOut = session.signOut()
  await eventually(() => tombstones === 1, { description: 'the sign-out to be on its way' })
  gate.release()
  await leaseGivenBack(store)
  expect((await readRecord(store)).secrets?.tokenSet.accessToken).toBe(issued[0])
  await expect(session.getAccessToken()).rejects.toSatisfy(isNotSignedInError)

  tombstone.resolve()
  await signedOut
  await expect(session.getAccessToken()).rejects.toSatisfy(isNotSignedInError)
  const record = await readRecord(store)
  expect(record.status).toBe('signedOut')
  expect(record.secrets).toBeUndefined()
  expect(revoked.toSorted()).toEqual(issued.toSorted())
})

it('P43 a record that was read before a sign-in and comes after it does not replace it', async () => {
  await using before = open()
  await signIn(before)
  const late = Promise.withResolvers<void>()
  let reads = 0
  const slow: SessionStore = {
    ...store,
    async read(key) {
      reads += 1
      const isFirst = reads === 1
      const record = await store.read(key)
      if (isFirst) await late.promise
      return record
    },
  }
  await using session = open({ store: slow })
  await signIn(session, 'bob')
  const { secrets, generation } = await readRecord(store)
  late.resolve()
  await session.ready
  await eventually(() => revoked.length === 2, { description: 'what was replaced to be revoked' })
  expect((await session.getAccessToken()).value).toBe(secrets?.tokenSet.accessToken)
  expect(session.getSnapshot()).toMatchObject({ status: 'fresh', generation })
  expect(server.counts.refreshes).toBe(0)
})
