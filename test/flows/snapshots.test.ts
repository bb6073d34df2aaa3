import { inspect } from 'node:util'
import { isStoreError, type SessionSnapshot } from '@authchart/core'
import { createSimulatedClock } from '@authchart/core/testing'
import { type AuthorizationServer, startAuthorizationServer, tokenAnswers } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createDevice } from '../support/device.ts'
import { eventually } from '../support/eventually.ts'
import { collectNotices, typesOf } from '../support/notices.ts'
import { openSession, openSignedInSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

const hour = 60 * 60_000

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
afterEach(() => server.faults.clear())
afterAll(() => server.close())

describe('getSnapshot', () => {
  test('is the same object until something changes, frozen, and tells listeners of each change once', async () => {
    const clock = createSimulatedClock()
    const device = createDevice()
    await using session = openSession(server, {
      runtime: { clock, environment: device.environment },
      maximumWaitMilliseconds: 0,
    })
    const heard: SessionSnapshot[] = []
    let current = session.getSnapshot()
    session.subscribe((snapshot) => {
      // As `useSyncExternalStore` wants it: whoever is told finds just that, again and again.
      expect(session.getSnapshot()).toBe(snapshot)
      expect(snapshot).not.toBe(current)
      expect(snapshot).not.toEqual(current)
      expect(Object.isFrozen(snapshot)).toBe(true)
      current = snapshot
      heard.push(snapshot)
    })
    await session.signIn(tokenSetOf(await server.signIn()))
    for (let call = 0; call < 10; call += 1) await session.getAccessToken()
    const signedIn = session.getSnapshot()
    await clock.advance(10 * 60_000)
    session.reportOutcome({ outcome: 'accepted', origin: server.issuer, generation: 1, status: 200 })
    expect(session.getSnapshot()).toBe(signedIn)
    device.tell('resumed')
    await clock.advance(0)
    expect(session.getSnapshot()).toBe(signedIn)
    await clock.advance(2 * hour)
    server.faults.answerWith(tokenAnswers.unavailable)
    await session.getAccessToken().catch(() => {})
    device.tell('offline')
    device.tell('online')
    await session.refresh()
    await session.signOut()
    expect(session.getSnapshot()).toBe(current)
    const statuses = heard.map(({ status }) => status)
    expect(statuses).toEqual(statuses.filter((status, index) => status !== statuses[index - 1] || isNetwork(index)))
    expect(new Set(statuses)).toEqual(
      new Set(['signedOut', 'fresh', 'expiring', 'expired', 'refreshing', 'transientFailure', 'signingOut']),
    )

    function isNetwork(index: number): boolean {
      return heard[index]?.online !== heard[index - 1]?.online
    }
  })

  test('holds no secret, nor does the session or a token that is logged', async () => {
    const store = createTroubledStore()
    await using session = await openSignedInSession(server, { store })
    const token = await session.refresh()
    const { tokenSet } = (await store.peek(sessionKey))?.secrets ?? {}
    const secrets = [tokenSet?.accessToken, tokenSet?.refreshToken, tokenSet?.idToken]
    const shown = [session.getSnapshot(), token, `${token}`, session, session.actor.getSnapshot()]
    const texts = shown.flatMap((value) => [inspect(value, { depth: 5 }), JSON.stringify(value)]).join()
    for (const secret of secrets) {
      expect(secret).toMatch(/.{20}/)
      expect(texts).not.toContain(secret)
    }
  })

  test('is there at once, before the store has answered', async () => {
    await using session = openSession(server)
    expect(session.getSnapshot()).toEqual({
      signedIn: false,
      status: 'restoring',
      usable: false,
      generation: 0,
      online: true,
    })
    expect(session.getSnapshot()).toBe(session.getSnapshot())
  })
})

describe('subscribe', () => {
  test('counts each subscription, ends it for good, and calls nobody who left during the call', async () => {
    await using session = openSession(server)
    await session.ready
    let calls = 0
    const listener = () => {
      calls += 1
    }
    const stops = [session.subscribe(listener), session.subscribe(listener)]
    await session.signIn(tokenSetOf(await server.signIn()))
    expect(calls).toBe(2)
    stops[0]?.()
    stops[0]?.()
    await session.signOut()
    expect(calls).toBe(4)
    stops[1]?.()
    await session.signIn(tokenSetOf(await server.signIn()))
    expect(calls).toBe(4)
  })

  test('does not call on subscribing', async () => {
    await using session = await openSignedInSession(server)
    session.subscribe(() => expect.unreachable())
    await session.getAccessToken()
  })
})

describe('ready', () => {
  test('resolves with the snapshot once the store was read', async () => {
    const store = createTroubledStore()
    await using signedIn = await openSignedInSession(server, { store })
    await using session = openSession(server, { store })
    expect(await session.ready).toMatchObject({ status: 'fresh', usable: true })
    expect((await signedIn.ready).status).toBe('fresh')
    expect(await openSession(server).ready).toMatchObject({ status: 'signedOut', usable: false })
  })

  test.each(['storeUnavailable', 'storeLocked'] as const)(
    'rejects with the StoreError (%s) while the session goes on trying',
    async (code) => {
      const clock = createSimulatedClock()
      const store = createTroubledStore()
      await using signedIn = await openSignedInSession(server, { store, runtime: { clock } })
      const { value } = await signedIn.getAccessToken()
      store.trouble('read', 'fails', { code })
      await using session = openSession(server, { store, runtime: { clock }, maximumWaitMilliseconds: 0 })
      await expect(session.ready).rejects.toSatisfy((error) => isStoreError(error) && error.code === code)
      expect(session.getSnapshot()).toMatchObject({ status: 'restoring', usable: false, code })
      await expect(session.getAccessToken()).rejects.toMatchObject({ code, retryAt: session.getSnapshot().retryAt })
      store.heal()
      await clock.advance((session.getSnapshot().retryAt ?? 0) - clock.now())
      await eventually(() => session.getSnapshot().usable, { description: 'the record to be read' })
      expect((await session.getAccessToken()).value).toBe(value)
    },
  )

  test('says it of a record that is none, once, and leaves it as it is', async () => {
    const clock = createSimulatedClock()
    const store = createTroubledStore()
    const newer = { formatVersion: 99, revision: 'a', anything: 'else' }
    await store.compareAndSet(sessionKey, undefined, newer as never)
    await using session = openSession(server, { store, runtime: { clock } })
    const notices = collectNotices(session)
    await expect(session.ready).rejects.toSatisfy(
      (error) => isStoreError(error) && error.code === 'recordFromNewerVersion',
    )
    await clock.advance(hour)
    expect(typesOf(notices)).toEqual(['recordUnreadable'])
    await expect(session.signIn({ accessToken: 'a' })).rejects.toSatisfy(isStoreError)
    expect(await store.peek(sessionKey)).toEqual(newer)
  })

  test('that nobody awaits is no unhandled rejection', async () => {
    const store = createTroubledStore()
    store.trouble('read', 'fails')
    await using session = openSession(server, { store })
    await eventually(() => session.getSnapshot().code !== undefined, { description: 'the store to fail' })
  })
})
