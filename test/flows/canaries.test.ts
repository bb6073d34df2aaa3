import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { createMemoryStore, isSessionError, type Session, type SessionSnapshot } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { createKyHooks } from '@authchart/core/ky'
import { getSessionActor } from '@authchart/core/machine'
import { clientSecretPost, refreshTokenGrant } from '@authchart/core/oauth'
import { createSimulatedClock } from '@authchart/core/testing'
import {
  type Api,
  type AuthorizationServer,
  apiAnswers,
  startApi,
  startAuthorizationServer,
  type TokenResponse,
  tokenAnswers,
} from '@authchart/test/authorization-server'
import ky, { isHTTPError, isNetworkError, isTimeoutError } from 'ky'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findInTexts, findSecrets, reachableTexts } from '../support/find-secrets.ts'
import { collectNotices } from '../support/notices.ts'
import { passTimeWhile } from '../support/pass-time.ts'
import { openSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

const client = { id: 'app', secret: 'Hy5 e+4 k%2F/Wd8!cB&1=vN' }
const always = { times: Number.POSITIVE_INFINITY }

let server: AuthorizationServer
let api: Api

beforeAll(async () => {
  const registered = {
    client_id: client.id,
    client_secret: client.secret,
    token_endpoint_auth_method: 'client_secret_post',
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/callback'],
  } as const
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 }, clients: [registered] })
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

/** A session with a confidential client, of which everything is kept that anybody outside could get hold of. */
function openWatched() {
  const clock = createSimulatedClock()
  const memory = createMemoryStore()
  const store = createTroubledStore(memory)
  const session = openSession(server, {
    clock,
    store,
    random: () => 0,
    allowedOrigins: [api.origin],
    grant: refreshTokenGrant({
      issuer: server.issuer,
      clientId: client.id,
      clientAuthentication: clientSecretPost(client.secret),
    }),
  })
  const actor = getSessionActor(session)
  const snapshots: SessionSnapshot[] = []
  const inspected: unknown[] = []
  const persisted: unknown[] = []
  const errors: unknown[] = []
  const given: TokenResponse[] = []
  session.subscribe((snapshot) => snapshots.push(snapshot))
  actor.system.inspect((event) => void inspected.push(event))
  actor.subscribe(() => persisted.push(actor.getPersistedSnapshot()))
  const notices = collectNotices(session)

  return {
    clock,
    store,
    session,
    evidence: { actor, snapshots, inspected, persisted, errors, notices },
    async signIn(options: Parameters<Session['signIn']>[1] & { as?: string } = {}) {
      const { as = 'alice', ...signInOptions } = options
      const response = await server.signIn({ client, subject: as })
      given.push(response)
      return session.signIn(tokenSetOf(response), signInOptions)
    },
    /** Keeps what a call is refused with. */
    async attempt(work: Promise<unknown>) {
      await passTimeWhile(clock, work, { stepMilliseconds: 50 }).catch((error: unknown) => errors.push(error))
    },
    secrets(): string[] {
      const stored = store.written.flatMap(({ secrets }) => {
        const { accessToken, refreshToken, idToken } = secrets?.tokenSet ?? {}
        return [accessToken, refreshToken, idToken]
      })
      const issued = given.flatMap((response) => [response.access_token, response.refresh_token, response.id_token])
      const all = [client.secret, ...stored, ...issued].filter((secret) => secret !== undefined)
      return [...new Set(all)]
    },
  }
}

type Watched = ReturnType<typeof openWatched>

/** As deep as a program that logs a session without a thought. */
const consoleDepth = { depth: 2 }

function expectNoSecret({ session, evidence, secrets }: Watched): void {
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
    await using watched = disposable(openWatched())
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
    await using watched = disposable(openWatched())
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
    await using watched = disposable(openWatched())
    await watched.signIn()
    await watched.session.refresh()
    const { session } = watched
    const whole = inspect(session, { showHidden: true, depth: Number.POSITIVE_INFINITY, maxArrayLength: null })
    expect(whole.length).toBeGreaterThan(1_000_000)
    expect(findInTexts([whole], watched.secrets())).toEqual([])
    // 140 MB.
  }, 60_000)

  test.each([
    ['an answer that passes', () => server.faults.answerWith(tokenAnswers.htmlForbidden, always)],
    ['a lost answer and its replay', () => server.faults.dropAnswerAfterCommit()],
    ['broken JSON', () => server.faults.answerWith(tokenAnswers.brokenJson, always)],
    ['a refusal', () => server.faults.answerWith(tokenAnswers.invalidGrant)],
    ['a refusal of the client', () => server.faults.answerWith(tokenAnswers.invalidClient)],
    ['an answer cut in the middle', () => server.faults.truncateAnswerAfterCommit(always)],
  ])('P55 are nowhere after %s', async (_name, arm) => {
    await using watched = disposable(openWatched())
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
      await using watched = disposable(openWatched())
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
    const watched = openWatched()
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

describe('P55 errors of requests that carried a canary token', () => {
  async function catchError(send: (session: Session) => Promise<unknown>) {
    await using watched = disposable(openWatched())
    await watched.signIn()
    const error: unknown = await send(watched.session).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(api.requests.at(-1)).toMatchObject({ authorization: 'valid' })
    expect(findSecrets(error, watched.secrets())).toEqual([])
    return error
  }

  const send = (session: Session, options: Parameters<typeof ky.extend>[0] = {}) =>
    ky
      .extend({ hooks: createKyHooks(session), retry: 0 })
      .extend(options)
      .post(api.origin, { json: { amount: 12 } })

  test('P55 ky, HTTPError', async () => {
    api.faults.answerWith(apiAnswers.serverError)
    expect(isHTTPError(await catchError((session) => send(session)))).toBe(true)
  })

  test('P55 ky, HTTPError after a rejection', async () => {
    api.faults.answerWith(apiAnswers.invalidToken, always)
    expect(isHTTPError(await catchError((session) => send(session)))).toBe(true)
  })

  test('P55 ky, NetworkError', async () => {
    api.faults.destroyConnection()
    expect(isNetworkError(await catchError((session) => send(session)))).toBe(true)
  })

  test('P55 ky, TimeoutError', async () => {
    const gate = api.faults.hold()
    expect(isTimeoutError(await catchError((session) => send(session, { timeout: 50 })))).toBe(true)
    gate.release()
  })

  test('P55 fetch, its own error', async () => {
    api.faults.destroyConnection()
    const error = await catchError((session) => createFetch(session)(api.origin, { method: 'POST', body: 'a' }))
    expect(error).toBeInstanceOf(TypeError)
  })

  test('P55 fetch, with a header that cannot be sent', async () => {
    await using watched = disposable(openWatched())
    await watched.signIn()
    const error: unknown = await createFetch(watched.session)(api.origin, { headers: { 'x-a': 'a\nb' } }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(TypeError)
    expect(findSecrets(error, watched.secrets())).toEqual([])
  })
})

describe('P55 a program that logs whatever it gets', () => {
  test.each([
    ['ends by itself', 'caught', 0],
    ['dies of a rejection that nobody handles', 'unhandled', 1],
  ] as const)('P55 prints no canary token, and %s', async (_name, lastError, exitCode) => {
    const response = await server.signIn({ client })
    server.faults.alterAnswer((members) => {
      issued.push(String(members.access_token), String(members.refresh_token), String(members.id_token))
      return members
    })
    const issued = [response.access_token, String(response.refresh_token), String(response.id_token), client.secret]
    server.faults.answerWith(tokenAnswers.htmlForbidden)
    server.faults.answerWith(tokenAnswers.invalidGrant)
    const input = { issuer: server.issuer, client, tokenSet: tokenSetOf(response), apiOrigin: api.origin, lastError }
    const output = await runToItsEnd('log-everything', input)
    expect(output.exitCode).toBe(exitCode)
    expect(issued.length).toBe(7)
    expect(output.text).toContain('SessionEndedError')
    expect(output.text).toContain('a listener of "refreshed" threw')
    expect(findInTexts([output.text], issued)).toEqual([])
  })
})

/** Everything that a program of `test/support/programs` prints, wherever it prints it. */
async function runToItsEnd(name: string, input: unknown): Promise<{ text: string; exitCode: number }> {
  const path = fileURLToPath(new URL(`../support/programs/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@authchart/source', path], { stdio: 'pipe' })
  child.stdin.end(JSON.stringify(input))
  const printed = Promise.all([text(child.stdout), text(child.stderr)])
  const [exitCode] = await once(child, 'exit')
  return { text: (await printed).join('\n'), exitCode }
}

function disposable<Value extends { readonly session: Session }>(watched: Value): Value & AsyncDisposable {
  return Object.assign(watched, { [Symbol.asyncDispose]: () => watched.session[Symbol.asyncDispose]() })
}
