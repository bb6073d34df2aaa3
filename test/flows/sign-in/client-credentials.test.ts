import {
  createSession,
  isNotSignedInError,
  isSessionEndedError,
  memoryStore,
  type Session,
  type SessionOptions,
  type SessionStore,
} from '@authchart/core'
import { clientCredentialsGrant, clientSecretPost } from '@authchart/core/oauth'
import { createSimulatedClock } from '@authchart/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type AuthorizationServer,
  startAuthorizationServer,
  tokenAnswers,
  withRetryAfter,
} from '../../authorization-server/index.ts'
import { eventually } from '../../support/eventually.ts'
import { collectNotices, typesOf } from '../../support/notices.ts'
import { createTroubledStore } from '../../support/troubled-store.ts'

const grantType = 'client_credentials'
const key = 'acme:billing'

let server: AuthorizationServer
let store: SessionStore

beforeEach(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  store = memoryStore()
})

afterEach(() => server.close())

function open(options: Partial<SessionOptions> = {}): Session {
  const { id, secret } = server.secretPostClient
  return createSession({
    key,
    store,
    grant: clientCredentialsGrant({
      issuer: server.issuer,
      clientId: id,
      clientAuthentication: clientSecretPost(secret),
      scope: 'api',
    }),
    ...options,
  })
}

function requests(): number {
  return server.requests.filter((request) => request.grantType === grantType).length
}

function hasTombstone(): Promise<boolean> {
  return store.read(key).then((record) => record?.status === 'signedOut')
}

describe('a session on client credentials', () => {
  it('P44 needs no sign-in: the first call brings the first token', async () => {
    await using session = open()
    expect(await session.ready).toMatchObject({ status: 'signedOut', usable: false, generation: 0 })
    expect(requests()).toBe(0)
    const notices = collectNotices(session)
    const token = await session.getAccessToken()
    expect(await server.findAccessToken(token.value)).toMatchObject({
      subject: undefined,
      clientId: server.secretPostClient.id,
      scope: 'api',
    })
    expect(session.getSnapshot()).toMatchObject({ status: 'fresh', usable: true, generation: token.generation })
    expect(typesOf(notices)).toEqual(['refreshed'])
    expect((await session.getAccessToken()).value).toBe(token.value)
    expect(requests()).toBe(1)
  })

  it('gets its first token at once where it is eager', async () => {
    await using session = open({ refreshTiming: 'eager' })
    await eventually(() => session.getSnapshot().status === 'fresh', { description: 'the first token' })
    expect(requests()).toBe(1)
  })

  it('P16 asks once for fifty callers', async () => {
    await using session = open()
    server.faults.delay({ beforeMilliseconds: 50 }, { grantType })
    const tokens = await Promise.all(Array.from({ length: 50 }, () => session.getAccessToken()))
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(1)
    expect(requests()).toBe(1)
  })

  it.each(['eager', 'onUse'] as const)(
    'P17 shares one token with all holders of an empty store (%s)',
    async (timing) => {
      const sessions = Array.from({ length: 8 }, () => open({ refreshTiming: timing }))
      server.faults.delay({ beforeMilliseconds: 100 }, { grantType })
      const tokens = await Promise.all(sessions.map((session) => session.getAccessToken()))
      expect(new Set(tokens.map(({ value }) => value)).size).toBe(1)
      expect(requests()).toBe(1)
      for (const session of sessions) await session[Symbol.asyncDispose]()
    },
  )

  it('refreshes by the same request, and carries on from the record after a restart', async () => {
    const first = open()
    const one = await first.getAccessToken()
    const other = await first.refresh()
    expect(other.value).not.toBe(one.value)
    await first[Symbol.asyncDispose]()
    await using second = open()
    expect((await second.getAccessToken()).value).toBe(other.value)
    expect(requests()).toBe(2)
  })

  it('replaces a token that an API rejects', async () => {
    await using session = open()
    const { generation, value } = await session.getAccessToken()
    session.reportOutcome({ outcome: 'rejected', origin: 'https://api.example', generation, status: 401 })
    expect((await session.getAccessToken()).value).not.toBe(value)
    expect(requests()).toBe(2)
  })

  it('P38 a server’s cooldown binds every holder, one that comes later too', async () => {
    const clock = createSimulatedClock()
    await using session = open({ runtime: { clock } })
    await using neighbour = open({ runtime: { clock } })
    server.faults.answerWith(withRetryAfter(tokenAnswers.throttled, 60), { grantType })
    await expect(session.getAccessToken()).rejects.toMatchObject({ code: 'throttled', retryAt: clock.now() + 60_000 })
    await using newcomer = open({ runtime: { clock } })
    for (const each of [session, neighbour, newcomer]) {
      await expect(each.refresh()).rejects.toMatchObject({ code: 'throttled' })
    }
    // Nor does a sign-out shorten it.
    await session.signOut()
    await expect(session.refresh()).rejects.toMatchObject({ name: 'RefreshUnavailableError' })
    expect(requests()).toBe(1)
    await clock.advance(60_000)
    await session.refresh()
    expect(requests()).toBe(2)
  })

  it('P31 lives through trouble at the token endpoint, before its first token as after it', async () => {
    const clock = createSimulatedClock()
    await using session = open({ runtime: { clock, random: () => 1 }, maximumWaitMilliseconds: 0 })
    for (const answer of [tokenAnswers.htmlForbidden, tokenAnswers.unavailable]) {
      server.faults.answerWith(answer, { grantType })
      await expect(session.getAccessToken()).rejects.toMatchObject({ name: 'RefreshUnavailableError' })
      // While it backs off, no request is made.
      await expect(session.getAccessToken()).rejects.toMatchObject({ name: 'RefreshUnavailableError' })
      await clock.advance(300_000)
    }
    expect((await session.getAccessToken()).value).toEqual(expect.any(String))
    expect(requests()).toBe(3)
  })

  it('is never called rotated: an answer that was lost has spent nothing, and the next try brings tokens', async () => {
    const clock = createSimulatedClock()
    await using session = open({ runtime: { clock, random: () => 0 } })
    server.faults.dropAnswerAfterCommit({ grantType })
    server.faults.answerWith(tokenAnswers.invalidGrant, { grantType })
    const call = session.getAccessToken()
    const refused = expect(call).rejects.toMatchObject({ reason: 'grantRejected' })
    await eventually(() => requests() === 1, { description: 'the first request' })
    await eventually(
      async () => {
        await clock.advance(100)
        return requests() === 2
      },
      { description: 'the second request' },
    )
    await refused
  })
})

describe('a client that is refused', () => {
  it('ends the session for the operator; a refresh goes on once that is mended', async () => {
    await using session = open()
    await using neighbour = open()
    const notices = collectNotices(session)
    server.faults.answerWith(tokenAnswers.invalidClient, { grantType })
    const error = await session.getAccessToken().catch((thrown: unknown) => thrown)
    expect(isSessionEndedError(error)).toBe(true)
    expect(error).toMatchObject({ reason: 'clientRejected', message: expect.stringContaining('call refresh()') })
    expect(notices).toMatchObject([{ type: 'ended', reason: 'clientRejected', clientId: server.secretPostClient.id }])
    // P39: it costs no network.
    await expect(session.getAccessToken()).rejects.toMatchObject({ reason: 'clientRejected' })
    await expect(neighbour.getAccessToken()).rejects.toMatchObject({ reason: 'clientRejected' })
    expect(requests()).toBe(1)
    const { value } = await session.refresh()
    await eventually(() => neighbour.getSnapshot().usable, { description: 'the neighbour to hear' })
    expect((await neighbour.getAccessToken()).value).toBe(value)
    expect(requests()).toBe(2)
  })

  it.each(['invalidGrant', 'invalidRequest'] as const)(
    'so does one that is refused with %s, since nobody could sign in anew',
    async (answer) => {
      await using session = open()
      const { value } = await session.getAccessToken()
      server.faults.answerWith(tokenAnswers[answer], { grantType })
      // What is left of the access token is served.
      await expect(session.refresh()).rejects.toSatisfy(isSessionEndedError)
      expect((await session.getAccessToken()).value).toBe(value)
      expect((await session.refresh()).value).not.toBe(value)
    },
  )
})

describe('signing out', () => {
  it('P53 is for all holders and for good, until somebody says otherwise', async () => {
    await using session = open()
    await using neighbour = open()
    const { value } = await session.getAccessToken()
    await neighbour.getAccessToken()
    await session.signOut()
    expect(await server.findAccessToken(value)).toBeUndefined()
    await eventually(() => neighbour.getSnapshot().status === 'signedOut', { description: 'the neighbour to hear' })
    await using newcomer = open()
    for (const each of [session, neighbour, newcomer]) {
      await expect(each.getAccessToken()).rejects.toSatisfy(isNotSignedInError)
    }
    expect(requests()).toBe(1)

    const notices = collectNotices(neighbour)
    const again = await session.refresh()
    expect(again.value).not.toBe(value)
    await eventually(() => neighbour.getSnapshot().usable, { description: 'the neighbour to hear' })
    expect((await neighbour.getAccessToken()).value).toBe(again.value)
    expect((await newcomer.getAccessToken()).value).toBe(again.value)
    expect(typesOf(notices)).toEqual(['signedIn'])
    expect(requests()).toBe(2)
  })

  it('before the first token leaves a tombstone: nobody begins after it', async () => {
    await using session = open()
    await session.ready
    await session.signOut()
    expect(await hasTombstone()).toBe(true)
    await using newcomer = open({ refreshTiming: 'eager' })
    expect(await newcomer.ready).toMatchObject({ status: 'signedOut' })
    await expect(newcomer.getAccessToken()).rejects.toSatisfy(isNotSignedInError)
    expect(requests()).toBe(0)
  })

  it('P43 while the first token is on its way: it is revoked, and the session stays signed out', async () => {
    await using session = open()
    const gate = server.faults.hold({ times: 1, grantType, afterCommit: true })
    const call = session.getAccessToken()
    const refused = expect(call).rejects.toSatisfy(isNotSignedInError)
    await gate.arrived()
    await session.signOut()
    gate.release()
    await refused
    await eventually(() => server.counts.revocationRequests === 1, { description: 'the revocation' })
    expect(await hasTombstone()).toBe(true)
    expect(session.getSnapshot().status).toBe('signedOut')
  })

  it('is said again after each new beginning', async () => {
    await using session = open()
    const notices = collectNotices(session)
    for (let round = 0; round < 2; round += 1) {
      await session.refresh()
      await session.signOut()
    }
    expect(typesOf(notices)).toEqual(['refreshed', 'signedOut', 'refreshed', 'signedOut'])
  })

  it('does not keep the next refresh from beginning anew, though the store is down for it at first', async () => {
    const clock = createSimulatedClock()
    const troubled = createTroubledStore(store)
    await using session = open({ store: troubled, runtime: { clock, random: () => 0 }, refreshTiming: 'eager' })
    await eventually(() => session.getSnapshot().usable, { description: 'the first token' })
    await session.signOut()
    troubled.trouble('compareAndSet', 'fails', { times: 1 })
    await session.refresh()
    await eventually(
      async () => {
        await clock.advance(100)
        return (await store.read(key))?.status === 'signedIn'
      },
      { description: 'the token to be stored' },
    )
    expect(requests()).toBe(2)
  })
})

describe('a record that is removed underneath', () => {
  function withRemoval() {
    let shared = memoryStore()
    const forwarded: SessionStore = {
      read: (name) => shared.read(name),
      compareAndSet: (name, expected, next) => shared.compareAndSet(name, expected, next),
      lease: (name, options) => shared.lease(name, options),
      watch: () => () => {},
      list: () => shared.list(),
    }
    return {
      store: forwarded,
      remove() {
        shared = memoryStore()
      },
    }
  }

  it('is made again: what is held is served, and the next refresh writes anew', async () => {
    const removable = withRemoval()
    await using session = open({ store: removable.store })
    const { value, generation } = await session.getAccessToken()
    removable.remove()
    expect((await session.getAccessToken()).value).toBe(value)
    const next = await session.refresh()
    expect(next.generation).toBeGreaterThan(generation)
    expect(await removable.store.read(key)).toMatchObject({ status: 'signedIn', generation: next.generation })
  })

  it('while tokens are on their way does not lose them', async () => {
    const removable = withRemoval()
    await using session = open({ store: removable.store })
    const gate = server.faults.hold({ times: 1, grantType, afterCommit: true })
    const call = session.getAccessToken()
    await gate.arrived()
    removable.remove()
    gate.release()
    const { value } = await call
    expect((await removable.store.read(key))?.secrets?.tokenSet.accessToken).toBe(value)
    expect(server.counts.revocationRequests).toBe(0)
    expect(requests()).toBe(1)
  })

  it.each([
    ['an end', tokenAnswers.invalidClient, { status: 'ended' }],
    ['a cooldown', withRetryAfter(tokenAnswers.throttled, 60), { serverCooldownUntil: expect.any(Number) }],
  ] as const)('while %s is on its way does not lose it', async (_, answer, record) => {
    const removable = withRemoval()
    await using session = open({ store: removable.store })
    server.faults.answerWith(answer, { grantType })
    const gate = server.faults.hold({ times: 1, grantType })
    const call = session.getAccessToken()
    const refused = expect(call).rejects.toThrow()
    await gate.arrived()
    removable.remove()
    gate.release()
    await refused
    expect(await removable.store.read(key)).toMatchObject(record)
  })
})
