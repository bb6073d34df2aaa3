import {
  isRefreshUnavailableError,
  memoryStore,
  type Session,
  type SessionOptions,
  type SessionStore,
} from '@authchart/core'
import { createSimulatedClock } from '@authchart/core/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import { openSession, openSignedInSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'

/** How long a session waits for the lease, in milliseconds. */
const leaseWait = 75_000

let server: AuthorizationServer
let store: SessionStore

beforeEach(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  store = memoryStore()
})

afterEach(() => server.close())

/** Opens a second session on the store, whose access token has expired as the session knows it. */
async function openWaiting(options: Partial<SessionOptions> = {}): Promise<Session> {
  const session = openSession(server, { store, ...options })
  await session.ready
  return session
}

/** Signs in with an expired token and begins a refresh, which has the lease while the gate is shut. */
async function holdLease() {
  const holder = openSession(server, { store })
  await holder.signIn({ ...tokenSetOf(await server.signIn()), expiresIn: 0 })
  const gate = server.faults.hold()
  const refreshed = holder.getAccessToken()
  await gate.arrived()
  return { holder, gate, refreshed }
}

it('P19 a caller that waits for the lease and is cancelled gets its own reason, and the refresh goes on', async () => {
  const { holder, gate, refreshed } = await holdLease()
  await using _holder = holder
  await using session = await openWaiting()
  const leaving = new AbortController()
  const cancelled = session.getAccessToken({ signal: leaving.signal })
  const staying = session.getAccessToken()
  await eventually(() => session.getSnapshot().status === 'refreshing', { description: 'the wait for the lease' })
  const reason = new DOMException('The user closed the dialog', 'AbortError')
  leaving.abort(reason)
  await expect(cancelled).rejects.toBe(reason)
  expect(gate.waiting).toBe(1)

  gate.release()
  const token = await refreshed
  expect((await staying).value).toBe(token.value)
  expect((await store.read(sessionKey))?.secrets?.tokenSet.accessToken).toBe(token.value)
  expect(server.counts).toMatchObject({ refreshes: 1, refreshesIssued: 1 })
})

it('P19 a caller whose signal has aborted already gets its reason, and nothing is begun', async () => {
  await using session = openSession(server, { store })
  await session.signIn({ ...tokenSetOf(await server.signIn()), expiresIn: 0 })
  const reason = new Error('Never mind')
  await expect(session.getAccessToken({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  await expect(session.refresh({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  expect(session.getSnapshot().status).toBe('expired')
  expect(server.counts.refreshes).toBe(0)
})

it('P19 a session that is disposed of while it waits leaves the line, and the next one gets the lease', async () => {
  const { holder, gate, refreshed } = await holdLease()
  await using _holder = holder
  const leaving = await openWaiting()
  await using next = await openWaiting()
  const left = leaving.getAccessToken()
  const forced = next.refresh()
  await leaving[Symbol.asyncDispose]()
  await expect(left).rejects.toMatchObject({ code: 'disposed' })
  expect(gate.waiting).toBe(1)

  gate.release()
  const token = await refreshed
  expect((await forced).generation).toBeGreaterThanOrEqual(token.generation)
  await using lease = await store.lease(sessionKey, { signal: AbortSignal.timeout(5_000) })
  expect(lease.lost.aborted).toBe(false)
  expect(server.counts.reuseDetected).toBe(0)
})

it('P20 a caller waits for the lease as long as it is willing to, then gets a retryable error', async () => {
  const { holder, gate, refreshed } = await holdLease()
  await using _holder = holder
  const clock = createSimulatedClock()
  await using session = await openWaiting({ runtime: { clock }, maximumWaitMilliseconds: 4_000 })
  const error = session.getAccessToken().catch((thrown: unknown) => thrown)
  await clock.advance(3_999)
  expect(await Promise.race([error, 'waiting'])).toBe('waiting')
  await clock.advance(1)
  expect(await error).toMatchObject({ name: 'RefreshUnavailableError', code: 'timeout', retryable: true })
  expect(session.getSnapshot().status).toBe('refreshing')
  gate.release()
  await refreshed
  expect(server.counts.refreshes).toBe(1)
})

it('P20 a lease that cannot be had in 75 s is a retryable error, never a refresh without it', async () => {
  const { holder, gate, refreshed } = await holdLease()
  await using _holder = holder
  const clock = createSimulatedClock()
  // Too short for the next try, which comes a tenth of a second later at the earliest.
  await using session = await openWaiting({ runtime: { clock }, maximumWaitMilliseconds: leaseWait + 99 })
  const failures: unknown[] = []
  session.on('refreshFailed', (notice) => failures.push(notice))
  const error = session.getAccessToken().catch((thrown: unknown) => thrown)
  await clock.advance(leaseWait - 1)
  expect(session.getSnapshot().status).toBe('refreshing')
  await clock.advance(1)
  const thrown = await error
  expect(thrown).toSatisfy(isRefreshUnavailableError)
  expect(thrown).toMatchObject({ code: 'leaseTimeout', retryable: true })
  expect(session.getSnapshot()).toMatchObject({ status: 'transientFailure', code: 'leaseTimeout' })
  expect(failures).toHaveLength(1)
  // Nothing is sent but by the holder, whose intent stands in the record.
  expect(gate.arrivals).toBe(1)
  expect(server.counts.refreshes).toBe(1)

  gate.release()
  const token = await refreshed
  expect((await session.getAccessToken()).value).toBe(token.value)
  expect(server.counts).toMatchObject({ refreshes: 1, reuseDetected: 0 })
})

it('P20 a caller that waits for a lease goes on waiting for the next try', async () => {
  const { holder, gate, refreshed } = await holdLease()
  await using _holder = holder
  const clock = createSimulatedClock()
  await using session = await openWaiting({ runtime: { clock }, maximumWaitMilliseconds: leaseWait + 10_000 })
  const waiting = session.getAccessToken()
  await clock.advance(leaseWait)
  expect(session.getSnapshot()).toMatchObject({ status: 'transientFailure', code: 'leaseTimeout' })
  await clock.advance(1_100)
  expect(session.getSnapshot().status).toBe('refreshing')
  gate.release()
  const token = await refreshed
  expect((await waiting).value).toBe(token.value)
  expect(server.counts.refreshes).toBe(1)
})

it('P20 a lease that is never given back is tried for again, and costs no token request', async () => {
  const clock = createSimulatedClock()
  await using session = await openSignedInSession(server, { store, runtime: { clock }, refreshTiming: 'eager' })
  const stuck = await store.lease(sessionKey, { signal: new AbortController().signal })
  clock.sleep(3_600_000)
  for (let wait = 0; wait < 5; wait += 1) await clock.advance(leaseWait)
  expect(session.getSnapshot()).toMatchObject({ usable: false })
  expect(server.counts.refreshes).toBe(0)

  await stuck[Symbol.asyncDispose]()
  // Time stands still once it has begun: the server's answer takes time of its own.
  for (let second = 0; second < 300 && session.getSnapshot().status !== 'refreshing'; second += 1) {
    await clock.advance(1_000)
  }
  await eventually(() => session.getSnapshot().status === 'fresh', { description: 'the refresh' })
  expect(server.counts.refreshes).toBe(1)
})

it('P20 when the wait runs out, tokens that are there meanwhile are adopted', async () => {
  await using writer = openSession(server, { store })
  await writer.signIn({ ...tokenSetOf(await server.signIn()), expiresIn: 0 })
  const clock = createSimulatedClock()
  await using session = await openWaiting({
    runtime: { clock },
    maximumWaitMilliseconds: 100_000,
    // A hint can be lost: only the look at the end finds the tokens.
    store: { ...store, watch: () => () => {} },
  })
  await using _stuck = await store.lease(sessionKey, { signal: new AbortController().signal })
  const waiting = session.getAccessToken()
  await clock.advance(leaseWait - 1)
  await writer.signIn(tokenSetOf(await server.signIn()))
  await clock.advance(1)
  const stored = await store.read(sessionKey)
  expect((await waiting).value).toBe(stored?.secrets?.tokenSet.accessToken)
  expect(server.counts.refreshes).toBe(0)
})
