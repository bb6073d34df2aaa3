import { isNotSignedInError, isSessionEndedError, isSessionError, type Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { createKyHooks } from '@authchart/core/ky'
import { createSimulatedClock } from '@authchart/core/testing'
import {
  type Api,
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
} from '@authchart/test/authorization-server'
import ky from 'ky'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { endedAs, openDoomedSession } from '../support/doomed-session.ts'
import { collectNotices, noticesOf } from '../support/notices.ts'
import { openSession, openSignedInSession, tokenSetOf } from '../support/signed-in-session.ts'

const hour = 60 * 60_000
const signInHint = 'run "acme login"'

let server: AuthorizationServer
let api: Api

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  api = await startApi({ authorizationServer: server })
})
beforeEach(() => {
  server.resetCounts()
  api.resetCounts()
})
afterEach(() => server.faults.clear())
afterAll(() => Promise.all([server.close(), api.close()]))

describe('P39 an ended session', () => {
  test('P39 fails each call at once, with its reason, time and call to action, and without network', async () => {
    await using doomed = await openDoomedSession(server, { signInHint })
    const { clock, session, store } = doomed
    await expect(session.getAccessToken()).rejects.toSatisfy(endedAs('grantRejected'))
    const endedAt = clock.now()
    await clock.advance(hour)
    const { calls } = store
    const before = { ...calls }
    for (let call = 0; call < 100; call += 1) {
      const error = await session.getAccessToken().catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ reason: 'grantRejected', endedAt, serverCode: 'invalid_grant', signInHint })
      expect(String(error)).toContain(signInHint)
    }
    await expect(session.refresh()).rejects.toSatisfy(endedAs('grantRejected'))
    expect(server.counts.total).toBe(1)
    // The store is looked at again, once a second at most: another holder may have signed in.
    expect(calls).toEqual({ ...before, read: before.read + 1 })
  })

  test('P39 costs no network after a restart either', async () => {
    const { session, store, clock } = await openDoomedSession(server)
    await session.getAccessToken().catch(() => {})
    const { endedAt } = session.getSnapshot()
    await session[Symbol.asyncDispose]()
    await using restarted = openSession(server, { store, runtime: { clock }, signInHint, refreshTiming: 'eager' })
    const snapshot = await restarted.ready
    expect(snapshot).toMatchObject({ status: 'invalidated', usable: false, reason: 'grantRejected', endedAt })
    await expect(restarted.getAccessToken()).rejects.toMatchObject({ reason: 'grantRejected', endedAt, signInHint })
    expect(server.counts.total).toBe(1)
  })

  test('P39 serves what is left of its access token, then fails without network', async () => {
    const clock = createSimulatedClock()
    await using session = await openSignedInSession(server, { runtime: { clock } })
    const { value } = await session.getAccessToken()
    server.revokeGrant()
    server.resetCounts()
    await expect(session.refresh()).rejects.toSatisfy(endedAs('grantRejected'))
    expect(session.getSnapshot()).toMatchObject({ status: 'invalidated', usable: true })
    expect((await session.getAccessToken()).value).toBe(value)
    await clock.advance(hour - 1)
    expect((await session.getAccessToken()).value).toBe(value)
    await clock.advance(1)
    await expect(session.getAccessToken()).rejects.toSatisfy(endedAs('grantRejected'))
    expect(session.getSnapshot()).toMatchObject({ status: 'invalidated', usable: false })
    expect(server.counts.total).toBe(1)
  })
})

const doors: [name: string, open: (session: Session) => (url: string) => Promise<unknown>][] = [
  ['fetch', (session) => createFetch(session)],
  ['ky', (session) => (url) => ky.extend({ hooks: createKyHooks(session) }).get(url)],
  ['ky with retries', (session) => (url) => ky.extend({ hooks: createKyHooks(session), retry: 5 }).post(url)],
]

test.each(doors)(
  'P40 the reason reaches the caller of %s as itself: not wrapped, and without a URL',
  async (_name, open) => {
    await using doomed = await openDoomedSession(server, { allowedOrigins: [api.origin] })
    const { session } = doomed
    const send = open(session)
    const thrown: unknown[] = []
    for (let call = 0; call < 3; call += 1) {
      thrown.push(await send(`${api.origin}/invoices?of=alice`).catch((error: unknown) => error))
    }
    for (const error of thrown) {
      expect(isSessionEndedError(error) && error.reason).toBe('grantRejected')
      expect(isSessionError(error) && error.cause).toBe(undefined)
      expect(String(error)).not.toMatch(/127\.0\.0\.1|http|invoices/)
    }
    expect(api.counts.total).toBe(0)
    expect(server.counts.total).toBe(1)
  },
)

describe('P44 without a session or a refresh token', () => {
  test('P44 nobody signed in: NotSignedInError, without network', async () => {
    await using session = openSession(server, { signInHint, allowedOrigins: [api.origin] })
    await session.ready
    const isNotSignedIn = (error: unknown) => isNotSignedInError(error) && error.signInHint === signInHint
    await expect(session.getAccessToken()).rejects.toSatisfy(isNotSignedIn)
    await expect(session.refresh()).rejects.toSatisfy(isNotSignedIn)
    for (const [, open] of doors) await expect(open(session)(api.origin)).rejects.toSatisfy(isNotSignedIn)
    expect(server.counts.total + api.counts.total).toBe(0)
  })

  test('P44 no refresh token: served until it expires, then ended as noRefreshToken', async () => {
    const clock = createSimulatedClock()
    await using session = openSession(server, { runtime: { clock } })
    const notices = collectNotices(session)
    const { refreshToken, ...tokenSet } = tokenSetOf(await server.signIn())
    server.resetCounts()
    await session.signIn(tokenSet)
    expect(noticesOf(notices, 'refreshTokenMissing')).toMatchObject([{ expiresAt: clock.now() + hour }])
    await clock.advance(hour - 1)
    expect((await session.getAccessToken()).value).toBe(tokenSet.accessToken)
    expect((await session.getAccessToken({ minimumValidityMilliseconds: 60_000 })).value).toBe(tokenSet.accessToken)
    expect(noticesOf(notices, 'ended')).toHaveLength(0)
    await clock.advance(1)
    await expect(session.getAccessToken()).rejects.toSatisfy(endedAs('noRefreshToken'))
    await expect(session.getAccessToken()).rejects.toSatisfy(endedAs('noRefreshToken'))
    expect(noticesOf(notices, 'ended')).toMatchObject([{ reason: 'noRefreshToken' }])
    expect(server.counts.total).toBe(0)
  })
})
