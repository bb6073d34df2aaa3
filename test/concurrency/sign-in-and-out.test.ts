import {
  createMemoryStore,
  isNotSignedInError,
  type Session,
  type SessionNotice,
  type SessionOptions,
  type SessionStore,
} from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import type { SessionRecord } from '@authchart/core/store'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer, tokenAnswers } from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import { openSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

let server: AuthorizationServer
let store: SessionStore
/** Stands still, so that generations differ by what was reserved and not by the time. */
let clock: SimulatedClock
/** Each token that was sent to the revocation endpoint. */
let revoked: string[]

beforeEach(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  store = createMemoryStore()
  clock = createSimulatedClock()
  revoked = []
})

afterEach(() => server.close())

function open(options: Partial<SessionOptions> = {}): Session {
  const grant = refreshTokenGrant({
    issuer: server.issuer,
    clientId: server.publicClient.id,
    fetch(url, init) {
      const token = new URLSearchParams(String(init.body)).get('token')
      if (url === server.revocationEndpoint && token !== null) revoked.push(token)
      return fetch(url, init)
    },
  })
  return openSession(server, { store, clock, grant, ...options })
}

async function signIn(session: Session): Promise<void> {
  await session.signIn(tokenSetOf(await server.signIn()))
}

async function readRecord(): Promise<SessionRecord> {
  const record = await store.read(sessionKey)
  if (record === undefined) throw new Error('There is no record')
  return record
}

/** The tokens of a record, as secrets that may have been revoked. */
function secretsOf(record: SessionRecord): string[] {
  const { accessToken, refreshToken } = record.secrets?.tokenSet ?? {}
  return [accessToken, refreshToken].filter((secret) => secret !== undefined)
}

/** Waits until the refresh under way has given the lease back: then it has done all that it does to the record. */
async function refreshEnded(): Promise<void> {
  const lease = await store.lease(sessionKey, { signal: AbortSignal.timeout(5_000) })
  await lease[Symbol.asyncDispose]()
}

/** Begins a refresh whose answer is held back until the gate opens: tokens that were issued, or a refusal. */
async function refreshHeldBack(session: Session, answer: 'issued' | 'refused') {
  const issued: string[] = []
  if (answer === 'refused') server.faults.answerWith(tokenAnswers.invalidGrant)
  else
    server.faults.alterAnswer((members) => {
      issued.push(String(members.access_token), String(members.refresh_token))
      return members
    })
  const gate = server.faults.hold({ times: 1, afterCommit: answer === 'issued' })
  const caller = session.refresh().then(
    ({ value }) => value,
    (error: unknown) => error,
  )
  await gate.arrived()
  return { gate, caller, issued }
}

/** Signs out or in anew, in the session that refreshes or in another one on the same store. */
async function act(action: 'in' | 'out', session: Session): Promise<SessionRecord> {
  if (action === 'in') await signIn(session)
  else await session.signOut()
  return readRecord()
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
    const sent = await readRecord()
    const notices: SessionNotice['type'][] = []
    session.on('*', ({ type }) => notices.push(type))
    const { gate, caller, issued } = await refreshHeldBack(session, answer)
    const reserved = (await readRecord()).refreshIntent?.reservedGeneration ?? Number.NaN

    const after = await act(action, actor)
    expect(after.signInId === sent.signInId).toBe(action === 'out')
    expect(after.generation).toBeGreaterThan(reserved)
    expect(after.highestReservedGeneration).toBe(after.generation)
    gate.release()
    await refreshEnded()

    // Neither the late tokens nor the late refusal has touched the record.
    expect(await readRecord()).toEqual(after)
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
      expect(after).not.toHaveProperty('secrets')
      expect(after).not.toHaveProperty('end')
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
      await refreshEnded()
      const end = await caller
      if (action === 'in') expect(end).toMatchObject({ value: after.secrets?.tokenSet.accessToken })
      else expect(end).toSatisfy(isNotSignedInError)
      expect(await readRecord()).toEqual(after)
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
    const record = await readRecord()
    expect(record.status).toBe('signedIn')
    expect(record).not.toHaveProperty('end')
    for (const each of [session, neighbour]) {
      await eventually(() => each.getSnapshot().status === 'fresh', { description: 'both to be signed in' })
      expect(each.getSnapshot()).not.toHaveProperty('reason')
      expect((await each.getAccessToken()).value).toBe(record.secrets?.tokenSet.accessToken)
    }
    expect(notices).toEqual(['signedIn'])
    await session.refresh()
    expect(server.counts).toMatchObject({ refreshes: 2, refreshesIssued: 1 })
  })
})

it.each(['in', 'out'] as const)(
  'P43 a sign-%s elsewhere outranks tokens that were issued and still wait for the store',
  async (action) => {
    const line = createTroubledStore(store)
    await using session = open({ store: line })
    await using neighbour = open()
    await signIn(session)
    await neighbour.ready
    const sent = await readRecord()
    const { gate, caller, issued } = await refreshHeldBack(session, 'issued')
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
    await refreshEnded()

    expect(await readRecord()).toEqual(after)
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
