import { memoryStore, type Session, type SessionStore } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { createKyHooks } from '@authchart/core/ky'
import { createSimulatedClock } from '@authchart/core/testing'
import ky from 'ky'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type AuthorizationServer, startApi, startAuthorizationServer } from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import { openSession, openSignedInSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'

let server: AuthorizationServer

beforeEach(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})

afterEach(() => server.close())

/** Signs in with an access token that has expired already, as the session knows it. */
async function signInExpired(session: Session): Promise<void> {
  await session.signIn({ ...tokenSetOf(await server.signIn()), expiresIn: 0 })
}

/** A store whose hints never come: they may be late or lost, and nothing may depend on them. */
function withoutHints(store: SessionStore): SessionStore {
  return { ...store, watch: () => () => {} }
}

function times<Value>(count: number, make: () => Value): Value[] {
  return Array.from({ length: count }, make)
}

it('P16 fifty callers at once cost one token request and all get its token', async () => {
  await using session = openSession(server)
  await signInExpired(session)
  server.faults.delay({ beforeMilliseconds: 50 })
  const tokens = await Promise.all(times(50, () => session.getAccessToken()))
  const [first] = tokens
  expect(new Set(tokens.map(({ value }) => value)).size).toBe(1)
  expect(await server.findAccessToken(first?.value ?? '')).toMatchObject({ subject: 'alice' })
  expect(server.counts).toMatchObject({ refreshes: 1, refreshesIssued: 1, reuseDetected: 0 })
})

it('P16 fifty callers of five sessions on one store cost one token request and all get its token', async () => {
  const store = memoryStore()
  await using first = openSession(server, { store })
  await signInExpired(first)
  await using others = new AsyncDisposableStack()
  const sessions = [first, ...times(4, () => others.use(openSession(server, { store })))]
  await Promise.all(sessions.map(({ ready }) => ready))
  server.faults.delay({ beforeMilliseconds: 50 })
  const tokens = await Promise.all(times(10, () => sessions.map((session) => session.getAccessToken())).flat())
  expect(tokens).toHaveLength(50)
  expect(new Set(tokens.map(({ value }) => value)).size).toBe(1)
  expect(server.counts).toMatchObject({ refreshes: 1, openAtOnceMaximum: 1, reuseDetected: 0 })
})

it.each(['before', 'among', 'after'] as const)(
  'P16 a hundred through fetch, ky, refresh() and a timer that fires %s them cost one token request',
  async (timer) => {
    const clock = createSimulatedClock()
    await using api = await startApi({ authorizationServer: server })
    await using session = await openSignedInSession(server, {
      runtime: { clock },
      refreshTiming: 'eager',
      allowedOrigins: [api.origin],
    })
    const throughFetch = createFetch(session)
    const throughKy = ky.extend({ hooks: createKyHooks(session) })
    server.faults.delay({ beforeMilliseconds: 50 })
    const sendFetches = () => times(33, () => throughFetch(`${api.origin}/by-fetch`))
    const sendKys = () => times(33, () => throughKy.get(`${api.origin}/by-ky`))
    const refreshes = () => times(33, () => session.refresh())

    // The timer is due as soon as the clock goes on: it is the hundredth.
    clock.sleep(3_600_000)
    if (timer === 'before') {
      await clock.advance(0)
      expect(session.getSnapshot().status).toBe('refreshing')
    }
    const fetches = sendFetches()
    if (timer === 'among') await clock.advance(0)
    const rest = [sendKys(), refreshes()] as const
    if (timer === 'after') await clock.advance(0)

    const responses = await Promise.all([...fetches, ...rest[0]])
    const tokens = await Promise.all(rest[1])
    expect(responses.map(({ status }) => status)).toEqual(times(66, () => 200))
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(1)
    expect(Object.values(api.counts.byToken)).toEqual([66])
    expect(server.counts).toMatchObject({ refreshes: 1, refreshesIssued: 1, reuseDetected: 0 })
  },
)

it('P18 a caller arriving after the refresh takes its result', async () => {
  await using session = openSession(server)
  await signInExpired(session)
  const first = await session.getAccessToken()
  const late = await Promise.all(times(20, () => session.getAccessToken()))
  expect(new Set(late.map(({ value }) => value))).toEqual(new Set([first.value]))
  expect(server.counts.refreshes).toBe(1)
})

it.each([
  ['that heard of it', (store: SessionStore) => store],
  ['that heard nothing of it', withoutHints],
])('P18 a caller of another session %s takes the result of a refresh that has ended', async (_name, hearing) => {
  const store = memoryStore()
  await using quick = openSession(server, { store })
  await signInExpired(quick)
  await using late = openSession(server, { store: hearing(store) })
  await late.ready
  const token = await quick.getAccessToken()
  expect((await late.getAccessToken()).value).toBe(token.value)
  expect(server.counts.refreshes).toBe(1)
})

it('P18 a caller whose token was refused takes the result of a refresh that has ended', async () => {
  await using session = await openSignedInSession(server)
  const { generation } = await session.getAccessToken()
  const refreshed = await session.refresh()
  session.reportOutcome({ outcome: 'rejected', origin: 'https://api.example', generation, status: 401 })
  expect((await session.getAccessToken()).value).toBe(refreshed.value)
  expect(server.counts.refreshes).toBe(1)
})

it('P21 two sessions refresh side by side, and neither waits for the other', async () => {
  const store = memoryStore()
  await using alice = await openSignedInSession(server, { store, key: 'acme:alice' })
  await using bob = await openSignedInSession(server, { store, key: 'acme:bob', subject: 'bob' })
  const gate = server.faults.hold()
  const held = alice.refresh()
  await gate.arrived(1)
  const other = bob.refresh()
  await gate.arrived(2)
  expect(server.counts).toMatchObject({ openAtOnceMaximum: 2, openAtOncePerFamilyMaximum: 1 })

  const order: string[] = []
  void held.then(() => order.push('alice'))
  void other.then(() => order.push('bob'))
  gate.releaseOne()
  const { value: first } = await held
  expect(order).toEqual(['alice'])
  gate.release()
  const { value: second } = await other
  expect(await server.findAccessToken(first)).toMatchObject({ subject: 'alice' })
  expect(await server.findAccessToken(second)).toMatchObject({ subject: 'bob' })
  expect(server.counts).toMatchObject({ refreshes: 2, reuseDetected: 0 })
})

it('P21 a session refreshes from start to end while another one is held up', async () => {
  const store = memoryStore()
  await using alice = await openSignedInSession(server, { store, key: 'acme:alice' })
  await using bob = await openSignedInSession(server, { store, key: 'acme:bob', subject: 'bob' })
  const gate = server.faults.hold({ times: 1 })
  const held = alice.refresh()
  await gate.arrived()
  for (let turn = 0; turn < 3; turn += 1) await bob.refresh()
  expect(gate.waiting).toBe(1)
  gate.release()
  await held
  expect(server.counts).toMatchObject({ refreshes: 4, refreshesIssued: 4, reuseDetected: 0 })
})

it('P23 a session that finds fresh tokens under the lease makes no token request', async () => {
  const store = memoryStore()
  await using first = openSession(server, { store })
  await signInExpired(first)
  await using second = openSession(server, { store: withoutHints(store) })
  await second.ready
  const gate = server.faults.hold()
  const notices: string[] = []
  second.on('*', ({ type }) => notices.push(type))

  const mine = first.getAccessToken()
  await gate.arrived()
  const theirs = second.getAccessToken()
  expect(second.getSnapshot().status).toBe('refreshing')
  gate.release()
  expect((await theirs).value).toBe((await mine).value)
  expect(notices).toEqual(['adopted'])
  expect(server.counts.refreshes).toBe(1)
  expect((await store.read(sessionKey))?.refreshIntent).toBeUndefined()
})

it('P24 the cancellation of the first caller does not fail the others', async () => {
  await using session = openSession(server)
  await signInExpired(session)
  const gate = server.faults.hold()
  const first = new AbortController()
  const cancelled = session.getAccessToken({ signal: first.signal })
  const others = times(10, () => session.getAccessToken())
  await gate.arrived()
  const reason = new Error('The user went elsewhere')
  first.abort(reason)
  await expect(cancelled).rejects.toBe(reason)
  gate.release()
  const tokens = await Promise.all(others)
  expect(new Set(tokens.map(({ value }) => value)).size).toBe(1)
  expect(await server.findAccessToken(tokens[0]?.value ?? '')).toBeDefined()
  expect(server.counts).toMatchObject({ refreshes: 1, refreshesIssued: 1 })
})

it('P24 a refresh that every caller has left goes on and is stored', async () => {
  const store = memoryStore()
  await using session = openSession(server, { store })
  await signInExpired(session)
  const before = await store.read(sessionKey)
  const gate = server.faults.hold()
  const leaving = new AbortController()
  const callers = times(5, () => session.getAccessToken({ signal: leaving.signal }))
  await gate.arrived()
  leaving.abort(new Error('Everybody left'))
  const ends = await Promise.allSettled(callers)
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['rejected']))
  gate.release()
  await eventually(() => session.getSnapshot().status === 'fresh', { description: 'the refresh to end' })
  const after = await store.read(sessionKey)
  expect(after?.generation).toBeGreaterThan(before?.generation ?? 0)
  expect((await session.getAccessToken()).value).toBe(after?.secrets?.tokenSet.accessToken)
  expect(server.counts).toMatchObject({ refreshes: 1, refreshesIssued: 1 })
})
