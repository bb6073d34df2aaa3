import { isSessionEndedError } from '@authchart/core'
import { createSimulatedClock } from '@authchart/core/testing'
import { type AuthorizationServer, startAuthorizationServer, tokenAnswers } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { endedAs, openDoomedSession } from '../support/doomed-session.ts'
import { collectNotices, noticesOf, typesOf } from '../support/notices.ts'
import { passTimeUntil, passTimeWhile } from '../support/pass-time.ts'
import { openSession, openSignedInSession, sessionKey } from '../support/signed-in-session.ts'

const minute = 60_000
const hour = 60 * minute
const signInHint = 'run "acme login"'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
afterEach(() => server.faults.clear())
afterAll(() => server.close())

describe('P41 what is said', () => {
  test('P41 an end is said once, however many heartbeats follow, and a different one again', async () => {
    await using doomed = await openDoomedSession(server, { signInHint })
    const { clock, session, notices } = doomed
    server.faults.answerWith(tokenAnswers.invalidClient)
    for (let heartbeat = 0; heartbeat < 50; heartbeat += 1) {
      await session.getAccessToken().catch(() => {})
      await clock.advance(60_000)
    }
    expect(typesOf(notices)).toEqual(['ended'])
    expect(noticesOf(notices, 'ended')).toMatchObject([
      { reason: 'clientRejected', serverCode: 'invalid_client', clientId: server.publicClient.id },
    ])
    // The operator tries again in vain: the same reason is no news.
    server.faults.answerWith(tokenAnswers.unauthorizedClient)
    await session.refresh().catch(() => {})
    expect(typesOf(notices)).toEqual(['ended'])
    // Mended, and now the server tells what is wrong with the grant.
    await expect(session.refresh()).rejects.toSatisfy(endedAs('grantRejected'))
    expect(noticesOf(notices, 'ended').map(({ reason }) => reason)).toEqual(['clientRejected', 'grantRejected'])
    expect(noticesOf(notices, 'ended')[1]?.advice).toContain(signInHint)
  })

  test('P41 recovery from an end is said, and the end after it again', async () => {
    const clock = createSimulatedClock()
    await using session = await openSignedInSession(server, { runtime: { clock } })
    const notices = collectNotices(session)
    for (let round = 0; round < 2; round += 1) {
      server.faults.answerWith(tokenAnswers.invalidClient)
      await expect(session.refresh()).rejects.toSatisfy(endedAs('clientRejected'))
      await session.refresh()
    }
    expect(typesOf(notices)).toEqual(['ended', 'refreshed', 'recovered', 'ended', 'refreshed', 'recovered'])
  })

  test('P41 a failure is said once per cause and run, and so is the recovery', async () => {
    const clock = createSimulatedClock()
    await using session = await openSignedInSession(server, { runtime: { clock } })
    const notices = collectNotices(session)
    for (const answer of [tokenAnswers.htmlForbidden, tokenAnswers.unavailable]) {
      for (let heartbeat = 0; heartbeat < 5; heartbeat += 1) {
        server.faults.answerWith(answer)
        await session.refresh().catch(() => {})
      }
    }
    await session.refresh()
    await session.refresh()
    server.faults.answerWith(tokenAnswers.unavailable)
    await session.refresh().catch(() => {})
    expect(typesOf(notices)).toEqual([
      'refreshFailed',
      'refreshFailed',
      'refreshed',
      'recovered',
      'refreshed',
      'refreshFailed',
    ])
    expect(noticesOf(notices, 'refreshFailed').map(({ code }) => code)).toEqual(['blocked', 'server', 'server'])
  })

  test('P41 every holder of the session says its end once', async () => {
    await using doomed = await openDoomedSession(server)
    const { session, store, clock, notices } = doomed
    await using neighbour = openSession(server, { store, runtime: { clock } })
    await neighbour.ready
    const neighbours = collectNotices(neighbour)
    await session.getAccessToken().catch(() => {})
    for (let heartbeat = 0; heartbeat < 5; heartbeat += 1) {
      await expect(neighbour.getAccessToken()).rejects.toSatisfy(endedAs('grantRejected'))
    }
    expect(noticesOf(notices, 'ended')).toHaveLength(1)
    expect(noticesOf(neighbours, 'ended')).toHaveLength(1)
    expect(server.counts.total).toBe(1)
  })
})

describe('P42 an end that cannot be stored', () => {
  test.each(['fails', 'hangs', 'throwsForeignError'] as const)(
    'P42 reaches the caller when the store %s, and a notice says so',
    async (trouble) => {
      // Longer than an operation of a store may take, so that this caller sees how it ends.
      await using doomed = await openDoomedSession(server, { maximumWaitMilliseconds: 60_000 })
      const { session, store, notices, clock } = doomed
      store.trouble('compareAndSet', trouble, { when: ({ status }) => status === 'ended' })
      const call = passTimeWhile(clock, session.getAccessToken(), { stepMilliseconds: 200 })
      await expect(call).rejects.toSatisfy(endedAs('grantRejected'))
      expect(noticesOf(notices, 'ended')).toMatchObject([{ reason: 'grantRejected' }])
      expect(noticesOf(notices, 'endNotStored')).toMatchObject([{ reason: 'grantRejected' }])

      // Tried again until the store knows, so that nobody sends a refresh token that was answered.
      expect((await store.peek(sessionKey))?.status).toBe('signedIn')
      store.heal()
      await passTimeUntil(clock, async () => (await store.peek(sessionKey))?.status === 'ended', {
        description: 'the end to be stored',
        stepMilliseconds: 200,
      })
      await expect(session.getAccessToken()).rejects.toSatisfy(endedAs('grantRejected'))
      expect(server.counts.total).toBe(1)
      expect(noticesOf(notices, 'ended')).toHaveLength(1)
    },
  )

  test('P42 is stored when it was written though the write seemed to fail', async () => {
    await using doomed = await openDoomedSession(server)
    const { session, store, notices } = doomed
    store.trouble('compareAndSet', 'failsAfterwards', { when: ({ status }) => status === 'ended' })
    await expect(session.getAccessToken()).rejects.toSatisfy(endedAs('grantRejected'))
    expect(typesOf(notices)).toEqual(['ended'])
    expect((await store.peek(sessionKey))?.status).toBe('ended')
  })

  test('P42 is stored when the store is back within a minute: nobody asks again', async () => {
    await using doomed = await openDoomedSession(server)
    const { session, store, clock } = doomed
    store.trouble('compareAndSet', 'fails', { when: ({ status }) => status === 'ended' })
    await expect(session.getAccessToken()).rejects.toSatisfy(endedAs('grantRejected'))
    await using restarted = openSession(server, { store, runtime: { clock } })
    const call = restarted.getAccessToken()
    store.heal()
    await expect(passTimeWhile(clock, call, { stepMilliseconds: 200 })).rejects.toSatisfy(endedAs('grantRejected'))
    expect(server.counts.total).toBe(1)
    expect((await store.peek(sessionKey))?.status).toBe('ended')
  })

  test('P42 stays the end here though the store never comes to know, and another holder finds out by itself', async () => {
    await using doomed = await openDoomedSession(server)
    const { session, store, clock, notices } = doomed
    store.trouble('compareAndSet', 'fails', { when: ({ status }) => status === 'ended' })
    await expect(session.getAccessToken()).rejects.toSatisfy(endedAs('grantRejected'))
    await clock.advance(hour)
    await expect(session.getAccessToken()).rejects.toSatisfy(endedAs('grantRejected'))
    expect(typesOf(notices)).toEqual(['ended', 'endNotStored'])
    expect(store.leases).toBe(0)
    expect(server.counts.total).toBe(1)

    store.heal()
    await using restarted = openSession(server, { store, runtime: { clock } })
    await expect(restarted.getAccessToken()).rejects.toSatisfy(isSessionEndedError)
    expect(server.counts.total).toBe(2)
    expect((await store.peek(sessionKey))?.status).toBe('ended')
  })
})
