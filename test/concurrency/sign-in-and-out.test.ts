import {
  isNotSignedInError,
  memoryStore,
  type Session,
  type SessionNotice,
  type SessionOptions,
  type SessionStore,
} from '@authchart/core'
import type { SessionRecord } from '@authchart/core/store'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import { beginHeldBackRefresh } from '../support/held-back-refresh.ts'
import { createRecordingGrant } from '../support/recording-grant.ts'
import { openSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'
import { leaseGivenBack, readRecord, secretsOf } from '../support/stored-session.ts'

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

describe.each(['the same session', 'another session'] as const)('P43 in %s', (where) => {
  it.each([
    ['in', 'issued'],
    ['in', 'refused'],
    ['out', 'issued'],
    ['out', 'refused'],
  ] as const)('P43 a sign-%s during a refresh stands, though that is then %s', async (action, answer) => {
    await using session = open()
    await using neighbour = open()
    const actor = where === 'the same session' ? session : neighbour
    await signIn(session)
    await neighbour.ready
    const sent = await readRecord(store)
    const notices: SessionNotice['type'][] = []
    session.on('*', ({ type }) => notices.push(type))
    const { gate, caller, issued } = await beginHeldBackRefresh(server, session, { answer })
    const reserved = (await readRecord(store)).refreshIntent?.reservedGeneration ?? Number.NaN

    const after = await act(action, actor)
    expect(after.signInId === sent.signInId).toBe(action === 'out')
    expect(after.generation).toBeGreaterThan(reserved)
    expect(after.highestReservedGeneration).toBe(after.generation)
    gate.release()
    await leaseGivenBack(store)

    // Neither the late tokens nor the late refusal has touched the record.
    expect(await readRecord(store)).toEqual(after)
    expect(after).toMatchObject({ status: action === 'in' ? 'signedIn' : 'signedOut' })
    expect(notices).not.toContain('ended')
    expect(notices).not.toContain('refreshed')
    expect(server.counts).toMatchObject({ refreshes: 1, reuseDetected: 0 })

    // What nobody uses any more is revoked, and nothing else.
    const unused = [...secretsOf(sent), ...issued]
    await eventually(() => revoked.length >= unused.length, { description: 'the revocations' })
    expect(revoked.toSorted()).toEqual(unused.toSorted())
    for (const token of unused) expect(await server.findAccessToken(token)).toBeUndefined()

    if (action === 'in') {
      const current = after.secrets?.tokenSet.accessToken
      expect(await caller).toBe(current)
      expect((await session.getAccessToken()).value).toBe(current)
      expect(session.getSnapshot()).toMatchObject({ status: 'fresh', generation: after.generation })
      expect(await server.findAccessToken(current ?? '')).toBeDefined()
      // And it can be refreshed, by both.
      await session.refresh()
      await neighbour.refresh()
      expect(server.counts).toMatchObject({ refreshes: 3, reuseDetected: 0 })
    } else {
      expect(await caller).toSatisfy(isNotSignedInError)
      for (const each of [session, neighbour]) {
        await eventually(() => each.getSnapshot().status === 'signedOut', { description: 'both to be signed out' })
        await expect(each.getAccessToken()).rejects.toSatisfy(isNotSignedInError)
        await expect(each.refresh()).rejects.toSatisfy(isNotSignedInError)
      }
      expect(after.secrets).toBeUndefined()
      expect(after.end).toBeUndefined()
      expect(server.counts.refreshes).toBe(1)
    }
  })

  it.each(['in', 'out'] as const)(
    'P43 a sign-%s while a refresh waits for the lease leaves it nothing to send',
    async (action) => {
      await using session = open()
      await using neighbour = open()
      await signIn(session)
      await neighbour.ready
      const lease = await store.lease(sessionKey, { signal: AbortSignal.timeout(5_000) })
      const caller = session.refresh().catch((error: unknown) => error)
      expect(session.getSnapshot().status).toBe('refreshing')
      const after = await act(action, where === 'the same session' ? session : neighbour)
      await lease[Symbol.asyncDispose]()
      await leaseGivenBack(store)
      const end = await caller
      if (action === 'in') expect(end).toMatchObject({ value: after.secrets?.tokenSet.accessToken })
      else expect(end).toSatisfy(isNotSignedInError)
      expect(await readRecord(store)).toEqual(after)
      expect(server.counts.refreshes).toBe(0)
    },
  )

  it('P43 a new sign-in clears an end', async () => {
    await using session = open()
    await using neighbour = open()
    await signIn(session)
    await neighbour.ready
    server.revokeGrant()
    await expect(session.refresh()).rejects.toMatchObject({ reason: 'grantRejected' })
    await eventually(() => neighbour.getSnapshot().status === 'invalidated', { description: 'both to have ended' })
    const notices: SessionNotice['type'][] = []
    session.on('*', ({ type }) => notices.push(type))

    await signIn(where === 'the same session' ? session : neighbour)
    const record = await readRecord(store)
    expect(record.status).toBe('signedIn')
    expect(record.end).toBeUndefined()
    for (const each of [session, neighbour]) {
      await eventually(() => each.getSnapshot().status === 'fresh', { description: 'both to be signed in' })
      expect(each.getSnapshot().reason).toBeUndefined()
      expect((await each.getAccessToken()).value).toBe(record.secrets?.tokenSet.accessToken)
    }
    expect(notices).toEqual(['signedIn'])
    await session.refresh()
    expect(server.counts).toMatchObject({ refreshes: 2, refreshesIssued: 1 })
  })
})
