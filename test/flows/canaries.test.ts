import { inspect } from 'node:util'
import { isSessionError } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { createKyHooks } from '@authchart/core/ky'
import {
  type Api,
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
  tokenAnswers,
} from '@authchart/test/authorization-server'
import ky from 'ky'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findInTexts, findSecrets, reachableTexts } from '../support/find-secrets.ts'
import { sessionKey } from '../support/signed-in-session.ts'
import {
  canaryClient,
  confidentialClient,
  openWatchedSession,
  type WatchedSession,
} from '../support/watched-session.ts'

const always = { times: Number.POSITIVE_INFINITY }

let server: AuthorizationServer
let api: Api

beforeAll(async () => {
  const clients = [confidentialClient(canaryClient)]
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 }, clients })
  api = await startApi({ authorizationServer: server })
})
beforeEach(() => {
  server.faults.clear()
  api.faults.clear()
})
afterAll(async () => {
  await api.close()
  await server.close()
})

const open = () => openWatchedSession(server, { allowedOrigins: [api.origin] })

/** As deep as a program that logs a session without a thought. */
const consoleDepth = { depth: 2 }

function expectNoSecret({ session, evidence, secrets }: WatchedSession): void {
  const { actor, snapshots, inspected, persisted, errors, notices } = evidence
  const canaries = secrets()
  const { context, value } = actor.getSnapshot()
  for (const data of [snapshots, notices, errors, persisted, context, value, session.getSnapshot()]) {
    expect(findSecrets(data, canaries)).toEqual([])
  }
  for (const machinery of [session, actor, actor.system, actor.getSnapshot()]) {
    expect(findSecrets(machinery, canaries, consoleDepth)).toEqual([])
  }
  // Each event holds the whole system: what can be reached from all of them is looked at once.
  expect(findInTexts(reachableTexts(inspected), canaries)).toEqual([])
  expect(findSecrets(inspected.map(withoutMachinery), canaries)).toEqual([])
}

/** An inspected event without the system that each one holds. */
function withoutMachinery(inspected: unknown): unknown {
  const { type, event, snapshot } = inspected as { type: string; event?: unknown; snapshot?: { context?: unknown } }
  return { type, event, context: snapshot?.context }
}

describe('P55 canary tokens', () => {
  test('P55 are found where they are, so that looking means something', async () => {
    await using watched = open()
    await watched.signIn()
    const canaries = watched.secrets()
    expect(canaries).toHaveLength(4)
    const record = await watched.store.peek(sessionKey)
    expect(findSecrets({ deep: new Map([['a', [record]]]) }, canaries)).toHaveLength(3)
    const error = new Error('outer', { cause: new Error(`inner ${encodeURIComponent(canaries[0] ?? '')}`) })
    expect(findSecrets(error, canaries)).toHaveLength(1)
    const hidden = Object.defineProperty({}, Symbol('hidden'), { value: canaries[1], enumerable: false })
    expect(findInTexts(reachableTexts(hidden), canaries)).toHaveLength(1)
    const request = new Request(api.origin, { headers: { authorization: `Bearer ${canaries[1]}` } })
    expect(findSecrets(request, canaries)).toHaveLength(1)
  })

  test('P55 are nowhere while a session lives well', async () => {
    await using watched = open()
    const { session } = watched
    await watched.signIn()
    await session.refresh()
    for (const send of [createFetch(session), ky.extend({ hooks: createKyHooks(session) })]) {
      // Two tokens in a row that are rejected as soon as they are born would make the session back off.
      await watched.clock.advance(10_000)
      api.faults.revokePresentedToken()
      expect((await send(api.origin)).status).toBe(200)
    }
    await watched.clock.advance(3_500_000)
    await session.getAccessToken({ minimumValidityMilliseconds: 600_000 })
    await watched.signIn()
    await session.signOut()
    expectNoSecret(watched)
    expect(watched.secrets().length).toBeGreaterThan(8)
    expect(watched.evidence.inspected.length).toBeGreaterThan(20)
  })

  test('P55 are nowhere in a session that is printed whole', async () => {
    await using watched = open()
    await watched.signIn()
    await watched.session.refresh()
    const { session } = watched
    const whole = inspect(session, { showHidden: true, depth: Number.POSITIVE_INFINITY, maxArrayLength: null })
    expect(whole.length).toBeGreaterThan(1_000_000)
    expect(findInTexts([whole], watched.secrets())).toEqual([])
    // 140 MB.
  }, 120_000)

  test.each([
    ['an answer that passes', () => server.faults.answerWith(tokenAnswers.htmlForbidden, always)],
    ['a lost answer and its replay', () => server.faults.dropAnswerAfterCommit()],
    ['broken JSON', () => server.faults.answerWith(tokenAnswers.brokenJson, always)],
    ['a refusal', () => server.faults.answerWith(tokenAnswers.invalidGrant)],
    ['a refusal of the client', () => server.faults.answerWith(tokenAnswers.invalidClient)],
    ['an answer cut in the middle', () => server.faults.truncateAnswerAfterCommit(always)],
  ])('P55 are nowhere after %s', async (_name, arm) => {
    await using watched = open()
    await watched.signIn()
    arm()
    await watched.attempt(watched.session.refresh())
    await watched.clock.advance(3_700_000)
    await watched.attempt(watched.session.getAccessToken())
    expect(watched.evidence.errors.length).toBeGreaterThan(0)
    expect(watched.evidence.errors.every(isSessionError)).toBe(true)
    expectNoSecret(watched)
  })

  test.each(['fails', 'failsAfterwards', 'throwsForeignError'] as const)(
    'P55 are nowhere while the store %s',
    async (trouble) => {
      await using watched = open()
      const { store, session } = watched
      await watched.signIn()
      store.trouble('compareAndSet', trouble)
      await watched.attempt(watched.signIn())
      await watched.attempt(session.refresh())
      await watched.attempt(session.signOut())
      store.heal()
      store.trouble('compareAndSet', trouble, { when: (next) => next.refreshIntent === undefined })
      await watched.attempt(watched.signIn())
      await watched.attempt(session.refresh())
      expectNoSecret(watched)
      store.heal()
      store.trouble('read', trouble)
      await watched.attempt(session.refresh())
      await watched.attempt(session.signOut())
      expect(watched.evidence.errors.length).toBeGreaterThan(1)
      expectNoSecret(watched)
    },
  )

  test('P55 are in no error of a sign-in that is refused, nor after disposal', async () => {
    const watched = open()
    const { session } = watched
    await watched.signIn()
    await watched.attempt(session.getAccessToken({ minimumValidityMilliseconds: Number.NaN }))
    await watched.attempt(watched.signIn({ as: 'mallory' }))
    const [canary = ''] = watched.secrets()
    await watched.attempt(session.signIn({ accessToken: `${canary}\na` }))
    await watched.attempt(session.signIn({ accessToken: '', refreshToken: canary }))
    await watched.attempt(session.signIn({ accessToken: { toString: () => canary } } as never))
    await session[Symbol.asyncDispose]()
    await watched.attempt(session.refresh())
    await watched.attempt(session.signIn({ accessToken: canary }))
    expect(watched.evidence.errors).toHaveLength(7)
    expect(watched.evidence.errors.every(isSessionError)).toBe(true)
    expectNoSecret(watched)
  })
})
