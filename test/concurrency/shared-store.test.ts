import { isSessionEndedError, memoryStore, type SessionStore } from '@authchart/core'
import type { SessionRecord } from '@authchart/core/store'
import { createSimulatedClock } from '@authchart/core/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer, tokenAnswers } from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import { openSession, openSignedInSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'

let server: AuthorizationServer
let store: SessionStore

beforeEach(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  store = memoryStore()
})

afterEach(() => server.close())

/** The same records under leases of their own, as for a holder whose lease was lost without its knowing. */
function withOwnLeases({ ...shared }: SessionStore): SessionStore {
  const { lease } = memoryStore()
  return { ...shared, lease }
}

it.each(['invalidGrant', 'invalidRequest', 'invalidClient', 'formEncodedInvalidGrant'] as const)(
  'P33 %s while the store already holds newer tokens: they are adopted, and nobody is signed out',
  async (answer) => {
    await using late = await openSignedInSession(server, { store })
    await using quick = openSession(server, { store: withOwnLeases(store) })
    await quick.ready
    const notices: string[] = []
    for (const session of [late, quick]) session.on('*', ({ type }) => notices.push(type))
    server.faults.answerWith(tokenAnswers[answer])
    const gate = server.faults.hold({ times: 1 })
    const refused = late.refresh()
    await gate.arrived()
    const newer = await quick.refresh()
    const stored = await store.read(sessionKey)
    gate.release()

    expect((await refused).value).toBe(newer.value)
    expect(late.getSnapshot()).toMatchObject({ status: 'fresh', generation: newer.generation })
    expect(await store.read(sessionKey)).toEqual(stored)
    expect(stored?.secrets?.tokenSet).toMatchObject({ accessToken: newer.value, refreshToken: expect.any(String) })
    expect(notices.toSorted()).toEqual(['adopted', 'refreshed'])
    expect(server.counts.revocationRequests).toBe(0)
    // What was adopted is alive.
    await late.refresh()
    expect(server.counts).toMatchObject({ refreshes: 3, refreshesIssued: 2 })
  },
)

it.each(['eager', 'onUse'] as const)(
  'P33 invalid_grant while the store is unchanged ends the session, and its refresh token is never sent again (%s)',
  async (refreshTiming) => {
    const clock = createSimulatedClock()
    await using session = await openSignedInSession(server, { store, runtime: { clock }, refreshTiming })
    await using neighbour = openSession(server, { store, runtime: { clock }, refreshTiming })
    await neighbour.ready
    const notices: string[] = []
    session.on('*', ({ type }) => notices.push(type))
    const { value } = await session.getAccessToken()
    server.revokeGrant()
    await expect(session.refresh()).rejects.toSatisfy(isSessionEndedError)
    const record = await store.read(sessionKey)
    expect(record).toMatchObject({ status: 'ended', end: { reason: 'grantRejected', serverCode: 'invalid_grant' } })
    expect(record?.secrets?.tokenSet.refreshToken).toBeUndefined()
    await eventually(() => neighbour.getSnapshot().status === 'invalidated', { description: 'the neighbour to hear' })

    // What is left of the access token is served, to its end.
    for (const each of [session, neighbour]) expect((await each.getAccessToken()).value).toBe(value)
    await clock.advance(3_600_000)
    await using newcomer = openSession(server, { store, runtime: { clock }, refreshTiming })
    for (const each of [session, neighbour, newcomer]) {
      for (let call = 0; call < 10; call += 1) {
        await expect(each.getAccessToken()).rejects.toMatchObject({ reason: 'grantRejected' })
        await expect(each.refresh()).rejects.toMatchObject({ reason: 'grantRejected' })
      }
    }
    await clock.advance(3_600_000)
    expect(notices).toEqual(['ended'])
    expect(server.counts.refreshes).toBe(1)
    expect(server.refreshTokens.map(({ presentations }) => presentations)).toEqual([['first']])
  },
)

it('P34 every record that is ever seen is whole: its tokens came with one answer, and its clear part fits them', async () => {
  await using first = openSession(server, { store })
  await using second = openSession(server, { store })
  await using third = openSession(server, { store })
  const sessions = [first, second, third]
  const pairs = new Map<string, string>()
  server.faults.alterAnswer(
    (members) => {
      pairs.set(String(members.access_token), String(members.refresh_token))
      return members
    },
    { times: Number.POSITIVE_INFINITY, grantType: 'any' },
  )
  const seen = new Map<string, SessionRecord>()
  async function look() {
    const record = await store.read(sessionKey)
    if (record !== undefined) seen.set(JSON.stringify(record), record)
  }
  const stopWatching = store.watch(sessionKey, () => void look())
  let looking = true
  async function keepLooking() {
    for (; looking; await new Promise((resolve) => setImmediate(resolve))) await look()
  }
  const watching = keepLooking()

  for (let round = 0; round < 6; round += 1) {
    const tokens = tokenSetOf(await server.signIn())
    await Promise.all([first.signIn(tokens), ...sessions.map((session) => session.refresh().catch(() => {}))])
    await Promise.all(sessions.map((session) => session.refresh().catch(() => {})))
    if (round % 3 === 2) await Promise.all([second.signOut(), third.refresh().catch(() => {})])
  }
  looking = false
  await watching
  stopWatching()

  const accessTokens = new Map<number, string>()
  for (const record of seen.values()) {
    const { accessToken, refreshToken, expiresAt } = record.secrets?.tokenSet ?? {}
    expect(record.secrets === undefined).toBe(record.status === 'signedOut')
    expect(record.expiresAt).toBe(expiresAt)
    if (accessToken === undefined) continue
    expect(pairs.get(accessToken)).toBe(refreshToken)
    expect(accessTokens.get(record.generation) ?? accessToken).toBe(accessToken)
    accessTokens.set(record.generation, accessToken)
  }
  expect(accessTokens.size).toBeGreaterThan(10)
  expect(server.counts.reuseDetected).toBe(0)
})

it('P34 what was read is a copy: changing it does not change the store', async () => {
  await using session = await openSignedInSession(server, { store })
  const before = await store.read(sessionKey)
  const mine = (await store.read(sessionKey)) as { secrets?: { tokenSet: { refreshToken?: string } } } | undefined
  if (mine?.secrets !== undefined) mine.secrets.tokenSet.refreshToken = 'half-written'
  expect(await store.read(sessionKey)).toEqual(before)
  await session.refresh()
  expect(server.counts).toMatchObject({ refreshesIssued: 1 })
})
