import { isSessionDisposedError, type Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { createSimulatedClock } from '@authchart/core/testing'
import { type AuthorizationServer, startAuthorizationServer, tokenAnswers } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDevice } from '../support/device.ts'
import { eventually } from '../support/eventually.ts'
import { collectNotices, typesOf } from '../support/notices.ts'
import { passTimeWhile } from '../support/pass-time.ts'
import { openSession, openSignedInSession, sessionKey } from '../support/signed-in-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

const hour = 60 * 60_000

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
beforeEach(() => server.resetCounts())
afterEach(() => server.faults.clear())
afterAll(() => server.close())

async function openWatched(options: Parameters<typeof openSignedInSession>[1] = {}) {
  const clock = createSimulatedClock()
  const store = createTroubledStore()
  const device = createDevice()
  const shared = { store, runtime: { clock, environment: device.environment } }
  const session = await openSignedInSession(server, { ...shared, ...options })
  function expectNothingLeft() {
    expect({ timers: clock.timers, watches: store.watches, leases: store.leases, listeners: device.listeners }).toEqual(
      {
        timers: 0,
        watches: 0,
        leases: 0,
        listeners: 0,
      },
    )
  }
  return { clock, store, device, session, shared, expectNothingLeft }
}

async function dispose(session: Session): Promise<void> {
  await session[Symbol.asyncDispose]()
}

describe('disposing of a session', () => {
  test.each(['onUse', 'eager'] as const)('leaves no timer, watch, lease or listener: %s', async (refreshTiming) => {
    const { session, expectNothingLeft, clock } = await openWatched({ refreshTiming })
    await session.getAccessToken()
    await session[Symbol.asyncDispose]()
    expectNothingLeft()
    await clock.advance(2 * hour)
    expect(server.counts.refreshes).toBe(0)
  })

  test('leaves nothing when the store is being read, backs off, or has ended', async () => {
    for (const arm of [
      () => {},
      () => server.faults.answerWith(tokenAnswers.throttled),
      () => server.faults.answerWith(tokenAnswers.invalidGrant),
    ]) {
      const { session, expectNothingLeft } = await openWatched({ refreshTiming: 'eager' })
      arm()
      await session.refresh().catch(() => {})
      await session[Symbol.asyncDispose]()
      expectNothingLeft()
    }
    const store = createTroubledStore()
    const clock = createSimulatedClock()
    store.trouble('read', 'fails')
    const session = openSession(server, { store, runtime: { clock } })
    await session.ready.catch(() => {})
    await session[Symbol.asyncDispose]()
    expect(clock.timers + store.watches).toBe(0)
  })

  test('can be done twice, and before the store has answered', async () => {
    const session = openSession(server)
    const first = session[Symbol.asyncDispose]()
    expect(session[Symbol.asyncDispose]()).toBe(first)
    await first
  })

  test('leaves the stored session as it is', async () => {
    const { session, store, shared } = await openWatched()
    const { value } = await session.getAccessToken()
    const before = JSON.stringify(await store.peek(sessionKey))
    await session[Symbol.asyncDispose]()
    expect(JSON.stringify(await store.peek(sessionKey))).toBe(before)
    await using again = openSession(server, shared)
    expect((await again.getAccessToken()).value).toBe(value)
  })

  test('later calls reject with SessionDisposedError, and those that wait too', async () => {
    const { session, clock } = await openWatched({ allowedOrigins: [server.issuer], disposeTimeoutMilliseconds: 0 })
    const gate = server.faults.hold()
    await clock.advance(2 * hour)
    const waiting = session.getAccessToken().catch((error: unknown) => error)
    await gate.arrived()
    const disposal = dispose(session)
    for (const call of [session.refresh(), session.signIn({ accessToken: 'late' }), session.signOut()]) {
      await expect(call).rejects.toSatisfy(isSessionDisposedError)
    }
    await passTimeWhile(clock, disposal)
    expect(isSessionDisposedError(await waiting)).toBe(true)
    for (const call of [
      session.getAccessToken(),
      session.getAccessToken({ minimumValidityMilliseconds: 1 }),
      session.refresh(),
      session.signIn({ accessToken: 'late' }),
      session.signOut(),
      createFetch(session)(server.issuer),
    ]) {
      await expect(call).rejects.toSatisfy(isSessionDisposedError)
    }
    expect(session.getSnapshot()).toBe(session.getSnapshot())
    session.reportOutcome({ outcome: 'rejected', origin: server.issuer, generation: 1, status: 401 })
  })

  test('with a fresh token, later calls reject too', async () => {
    const { session } = await openWatched({ allowedOrigins: [server.issuer] })
    await session[Symbol.asyncDispose]()
    await expect(session.getAccessToken()).rejects.toSatisfy(isSessionDisposedError)
    await expect(createFetch(session)(server.issuer)).rejects.toSatisfy(isSessionDisposedError)
  })
})

describe('disposing of a session during a refresh', () => {
  test('waits until it is stored', async () => {
    const { session, store, shared, expectNothingLeft } = await openWatched()
    const { value } = await session.getAccessToken()
    const gate = server.faults.hold()
    const refresh = session.refresh()
    await gate.arrived()
    const disposal = session[Symbol.asyncDispose]()
    gate.release()
    await disposal
    expectNothingLeft()
    const record = await store.peek(sessionKey)
    expect(record?.secrets?.tokenSet.accessToken).not.toBe(value)
    expect(record?.refreshIntent).toBeUndefined()
    expect((await refresh).value).toBe(record?.secrets?.tokenSet.accessToken)
    await using again = openSession(server, shared)
    await again.refresh()
    expect(server.counts).toMatchObject({ refreshes: 2, reuseDetected: 0 })
  })

  test('waits no longer than disposeTimeoutMilliseconds, and the intent stays behind', async () => {
    const { session, clock, store, expectNothingLeft } = await openWatched({ disposeTimeoutMilliseconds: 3_000 })
    const gate = server.faults.hold()
    const refresh = session.refresh().catch((error: unknown) => error)
    await gate.arrived()
    let isOver = false
    const disposal = session[Symbol.asyncDispose]().then(() => {
      isOver = true
    })
    await clock.advance(2_999)
    expect(isOver).toBe(false)
    await clock.advance(1)
    await disposal
    expectNothingLeft()
    expect((await store.peek(sessionKey))?.refreshIntent).toMatchObject({ outcomeUnknown: true })
    expect(isSessionDisposedError(await refresh)).toBe(true)
    gate.release()
    await server.until(({ open }) => open === 0)
  })

  test('gives up at once what waits for the lease', async () => {
    const { session, clock, store, shared } = await openWatched()
    const gate = server.faults.hold()
    const refresh = session.refresh()
    await gate.arrived()
    const neighbour = openSession(server, shared)
    await neighbour.ready
    const waiting = neighbour.refresh().catch((error: unknown) => error)
    await eventually(() => store.calls.lease === 2, { description: 'the neighbour to ask for the lease' })
    const before = clock.now()
    await neighbour[Symbol.asyncDispose]()
    expect(clock.now()).toBe(before)
    expect(isSessionDisposedError(await waiting)).toBe(true)
    gate.release()
    await refresh
    await session[Symbol.asyncDispose]()
    expect(server.counts.refreshes).toBe(1)
  })

  test.each(['read', 'compareAndSet'] as const)('is bounded when %s of the store hangs', async (operation) => {
    const { session, clock, store, expectNothingLeft } = await openWatched({ disposeTimeoutMilliseconds: 1_000 })
    store.trouble(operation, 'hangs')
    session.refresh().catch(() => {})
    await eventually(() => store.calls[operation] > 1, { description: `${operation} to hang` })
    const startedAt = clock.now()
    await passTimeWhile(clock, dispose(session))
    expect(clock.now() - startedAt).toBeLessThanOrEqual(2_100)
    await eventually(() => store.leases === 0, { description: 'the lease to be given back' })
    expectNothingLeft()
  })

  test('is bounded while new tokens cannot be stored', async () => {
    const { session, clock, store, expectNothingLeft } = await openWatched({ disposeTimeoutMilliseconds: 1_000 })
    const notices = collectNotices(session)
    const { generation } = session.getSnapshot()
    store.trouble('compareAndSet', 'fails', { when: (next) => next.generation > generation })
    await session.refresh()
    await passTimeWhile(clock, dispose(session))
    expectNothingLeft()
    expect(typesOf(notices)).not.toContain('stored')
    // These tokens are lost; whoever comes next knows that the refresh token was spent.
    expect((await store.peek(sessionKey))?.refreshIntent).toBeDefined()
  })
})
