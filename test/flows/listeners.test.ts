import { createSession, type SessionNotice, type SessionSnapshot } from '@authchart/core'
import { createSimulatedClock } from '@authchart/core/testing'
import { type AuthorizationServer, startAuthorizationServer, tokenAnswers } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { collectNotices, noticesOf, typesOf } from '../support/notices.ts'
import { openSession, openSignedInSession, tokenSetOf } from '../support/signed-in-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

const hour = 60 * 60_000

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
beforeEach(() => server.resetCounts())
afterEach(() => {
  server.faults.clear()
  vi.restoreAllMocks()
})
afterAll(() => server.close())

describe('a listener that throws', () => {
  test('of subscribe, on, debug or classifyFailure harms nothing, and its error is shown', async () => {
    const shown = vi.spyOn(console, 'error').mockImplementation(() => {})
    const clock = createSimulatedClock()
    const fail = (name: string) => () => {
      throw new Error(`thrown by ${name}`)
    }
    await using session = openSession(server, {
      runtime: { clock },
      debug: fail('debug'),
      classifyFailure: fail('classifyFailure') as () => undefined,
    })
    session.subscribe(fail('subscribe'))
    session.on('*', fail('on *'))
    session.on('refreshed', fail('on refreshed'))
    const snapshots: SessionSnapshot[] = []
    session.subscribe((snapshot) => snapshots.push(snapshot))
    const notices = collectNotices(session)

    await session.signIn(tokenSetOf(await server.signIn()))
    await clock.advance(2 * hour)
    await session.getAccessToken()
    server.faults.answerWith(tokenAnswers.htmlForbidden)
    await session.refresh().catch(() => {})
    expect(session.getSnapshot().code).toBe('blocked')
    await session.refresh()
    server.faults.answerWith(tokenAnswers.invalidClient)
    await session.refresh().catch(() => {})
    expect(session.getSnapshot().reason).toBe('clientRejected')
    await session.signOut()
    expect(typesOf(notices)).toEqual([
      'signedIn',
      'refreshed',
      'refreshFailed',
      'refreshed',
      'recovered',
      'ended',
      'signedOut',
    ])
    expect(snapshots.at(-1)).toBe(session.getSnapshot())
    const texts = shown.mock.calls.map((call) => call.map(String).join(' '))
    for (const name of ['subscribe', 'on *', 'on refreshed', 'debug']) {
      expect(texts.some((text) => text.includes(`thrown by ${name}`))).toBe(true)
    }
  })

  test('is no worse than a store that cannot be watched: the session opens, and refreshes', async () => {
    const store = createTroubledStore()
    await using first = await openSignedInSession(server, { store })
    store.trouble('watch', 'fails', { times: 2 })
    await using second = openSession(server, { store })
    expect((await second.getAccessToken()).value).toBe((await first.getAccessToken()).value)
    await second.refresh()
  })
})

describe('a notice', () => {
  test('comes to those who asked for its type, until they have had enough', async () => {
    await using session = openSession(server)
    const heard: SessionNotice['type'][] = []
    const stop = session.on('signedIn', ({ type }) => heard.push(type))
    const stopAll = session.on('*', ({ type }) => heard.push(type))
    await session.signIn(tokenSetOf(await server.signIn()))
    expect(heard).toEqual(['signedIn', 'signedIn'])
    stop()
    stop()
    await session.signIn(tokenSetOf(await server.signIn()))
    expect(heard).toEqual(['signedIn', 'signedIn', 'signedIn'])
    stopAll()
    await session.signOut()
    expect(heard).toHaveLength(3)
  })

  test('of a sign-in comes once, however early the sign-in', async () => {
    for (const before of ['at once', 'when ready', 'signed in already']) {
      await using session = openSession(server)
      if (before !== 'at once') await session.ready
      if (before === 'signed in already') await session.signIn(tokenSetOf(await server.signIn()))
      const notices = collectNotices(session)
      await session.signIn(tokenSetOf(await server.signIn()))
      await session.refresh()
      expect(typesOf(notices)).toEqual(['signedIn', 'refreshed'])
    }
  })

  test('of a neighbour’s sign-in, refresh and sign-out comes once too', async () => {
    const store = createTroubledStore()
    await using session = openSession(server, { store })
    await using neighbour = openSession(server, { store })
    await neighbour.ready
    const notices = collectNotices(neighbour)
    const until = (type: SessionNotice['type']) =>
      eventually(() => noticesOf(notices, type).length === 1, { description: type })
    await session.signIn(tokenSetOf(await server.signIn()))
    await until('signedIn')
    await session.refresh()
    await until('adopted')
    await session.signOut()
    await until('signedOut')
    expect(typesOf(notices)).toEqual(['signedIn', 'adopted', 'signedOut'])
  })

  test('may be answered by a call of the session', async () => {
    await using session = await openSignedInSession(server)
    const again = tokenSetOf(await server.signIn())
    const signedIn = new Promise<SessionSnapshot>((resolve, reject) => {
      session.on('signedOut', () => {
        session.signIn(again).then(resolve, reject)
      })
    })
    await session.signOut()
    await signedIn
    expect((await session.getAccessToken()).value).toBe(again.accessToken)
  })
})

describe('classifyFailure', () => {
  test('saves a session from an end, and ends one that would go on', async () => {
    const facts: unknown[] = []
    await using session = await openSignedInSession(server, {
      classifyFailure: (failure) => {
        facts.push(failure)
        return failure.status === 401 ? 'ended' : 'transient'
      },
    })
    server.faults.answerWith(tokenAnswers.invalidGrant)
    await session.refresh().catch(() => {})
    expect(session.getSnapshot()).toMatchObject({ status: 'transientFailure', code: 'server' })
    server.faults.answerWith(tokenAnswers.emptyUnauthorized)
    await session.refresh().catch(() => {})
    expect(session.getSnapshot()).toMatchObject({ status: 'invalidated', reason: 'requestRejected' })
    expect(facts).toHaveLength(2)
    const { value } = await session.getAccessToken()
    expect(JSON.stringify(facts)).not.toContain(value)
  })
})

test('debug tells of every token request and decision, without a secret', async () => {
  const entries: { type: string; key: string; at: number }[] = []
  const store = createTroubledStore()
  const key = 'acme:alice'
  await using session = createSession({
    key,
    store,
    grant: () =>
      Promise.resolve({ accessToken: 'canary-access', refreshToken: 'canary-refresh', idToken: 'canary.id' }),
    debug: (entry) => entries.push(entry),
  })
  await session.signIn({ accessToken: 'canary-first', refreshToken: 'canary-first-refresh' })
  await session.refresh()
  expect(new Set(entries.map((entry) => entry.type))).toEqual(new Set(['decision']))
  await using other = await openSignedInSession(server, { debug: (entry) => entries.push(entry) })
  const { value } = await other.refresh()
  expect(new Set(entries.map(({ type }) => type))).toEqual(new Set(['decision', 'tokenRequest', 'tokenResponse']))
  expect(entries.every((entry) => entry.key === key && entry.at > 0)).toBe(true)
  expect(JSON.stringify(entries)).not.toMatch(/canary/)
  expect(JSON.stringify(entries)).not.toContain(value)
})
