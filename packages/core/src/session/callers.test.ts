import { afterEach, describe, expect, it } from 'vitest'
import { StoreError } from '../errors/store-error.ts'
import { memoryStore } from '../store/memory-store.ts'
import type { SessionStore } from '../store/session-store.ts'
import { createSimulatedClock } from '../testing/simulated-clock.ts'
import type { AccessToken } from '../token/access-token.ts'
import type { Grant, GrantOutcome, TokenEndpointFailure } from '../token/grant.ts'
import { getAccessTokenSlowly, getNewerToken } from './callers.ts'
import { createSession } from './create-session.ts'
import { coreOf } from './live-session.ts'
import { peekAccessToken, reject } from './rejected-tokens.ts'
import type { Session } from './session.ts'
import type { SessionOptions } from './session-options.ts'

const key = 'acme:alice'
const origin = 'https://api.example'
const elsewhere = 'https://files.example'
const start = 1_700_000_000_000
const minute = 60_000
const hour = 60 * minute

type Answer =
  | 'tokens'
  | 'uselessTokens'
  | TokenEndpointFailure
  | ((now: number) => TokenEndpointFailure)
  | Promise<unknown>

const notSent: Answer = { kind: 'transport', sent: 'no' }
const refused: Answer = { kind: 'answer', status: 400, complete: true, body: { error: 'invalid_grant' } }

function throttled(seconds: number): Answer {
  return (now) => ({ kind: 'unavailable', code: 'throttled', retryAt: now + seconds * 1000 })
}

const opened: Session[] = []

afterEach(() => {
  for (const session of opened.splice(0)) coreOf(session).leave('stopped')
})

/** A session on a simulated clock, whose grant answers so, and with tokens from then on. */
function open(
  answers: Answer[] = [],
  { store = memoryStore(), now = start, ...options }: Partial<SessionOptions> & { now?: number } = {},
) {
  const clock = createSimulatedClock({ now })
  let requests = 0

  function issue(expiresIn = 3600): GrantOutcome {
    const tokenSet = { accessToken: `access-${requests}`, refreshToken: `refresh-${requests}`, expiresIn }
    return { kind: 'issued', tokenSet, receivedAt: clock.now() }
  }
  const grant: Grant = {
    needsRefreshToken: true,
    identity: {},
    async refresh() {
      requests += 1
      const answer = answers.shift() ?? 'tokens'
      if (answer instanceof Promise) await answer
      if (answer === 'uselessTokens') return issue(0)
      if (answer === 'tokens' || answer instanceof Promise) return issue()
      return { kind: 'failed', failure: typeof answer === 'function' ? answer(clock.now()) : answer }
    },
  }
  const runtime = { clock, random: () => 0.5 }
  const session = createSession({ key, store, grant, runtime, allowedOrigins: [origin, elsewhere], ...options })
  opened.push(session)

  return {
    clock,
    session,
    store,
    core: coreOf(session),
    requests: () => requests,
    async signIn(expiresIn = 3600) {
      await clock.advance(0)
      await session.signIn({ accessToken: 'access-0', refreshToken: 'refresh-0', expiresIn })
    },
    /** Begins a call, and tells what has come of it whenever that is asked. */
    call(begin: () => Promise<AccessToken | undefined>) {
      const call: { came: string | undefined; error: unknown } = { came: undefined, error: undefined }
      begin().then(
        (token) => {
          call.came = token?.value ?? 'nothing'
        },
        (error: unknown) => {
          call.came = 'error'
          call.error = error
        },
      )
      return call
    },
  }
}

/** Signed in, with a token that has expired, in a session that has been open for an hour. */
async function openExpired(answers: Answer[] = [], options: Partial<SessionOptions> = {}) {
  const opened = open(answers, options)
  await opened.signIn()
  await opened.clock.advance(hour)
  return opened
}

describe('a caller while a refresh is under way', () => {
  it('waits for it with all the others, and one that leaves changes nothing for them', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { call, clock, session, requests } = await openExpired([promise])
    const leaving = new AbortController()
    const calls = [session.getAccessToken(), session.getAccessToken(), session.refresh()].map((came) =>
      call(() => came),
    )
    const left = call(() => session.getAccessToken({ signal: leaving.signal }))
    await clock.advance(0)
    leaving.abort(new Error('changed my mind'))
    await clock.advance(0)
    expect(left.error).toMatchObject({ message: 'changed my mind' })
    resolve()
    await clock.advance(0)
    expect(calls.map(({ came }) => came)).toEqual(['access-1', 'access-1', 'access-1'])
    expect(requests()).toBe(1)
  })

  it('waits for 10 s in all, then fails as timeout; the refresh goes on', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { call, clock, session, requests } = await openExpired([promise])
    const waiting = call(() => session.getAccessToken())
    await clock.advance(9_999)
    expect(waiting.came).toBeUndefined()
    await clock.advance(1)
    expect(waiting.error).toMatchObject({ code: 'timeout', retryable: true })
    resolve()
    await clock.advance(0)
    expect((await session.getAccessToken()).value).toBe('access-1')
    expect(requests()).toBe(1)
  })

  it('counts its patience from its own call', async () => {
    const { call, clock, session } = await openExpired([new Promise(() => {})])
    const first = call(() => session.getAccessToken())
    await clock.advance(6_000)
    const second = call(() => session.getAccessToken())
    await clock.advance(4_000)
    expect(first.came).toBe('error')
    await clock.advance(5_999)
    expect(second.came).toBeUndefined()
    await clock.advance(1)
    expect(second.came).toBe('error')
  })

  it('is not begun with a signal that has aborted', async () => {
    const { session, requests, clock } = await openExpired()
    const signal = AbortSignal.abort(new Error('too late'))
    await expect(session.getAccessToken({ signal })).rejects.toThrow('too late')
    await clock.advance(0)
    expect(requests()).toBe(0)
  })

  it('leaves no timer behind', async () => {
    const { call, clock, session } = await openExpired()
    const timers = clock.timers
    const waiting = call(() => session.getAccessToken())
    await clock.advance(0)
    expect(waiting.came).toBe('access-1')
    // The chart's own, for the new token.
    expect(clock.timers).toBeLessThanOrEqual(timers + 1)
  })
})

describe('a caller while refreshing fails', () => {
  it('waits for the next try within its patience, and one try serves all who wait', async () => {
    const { call, clock, session, requests } = await openExpired([notSent, notSent])
    const calls = Array.from({ length: 5 }, () => call(() => session.getAccessToken()))
    await clock.advance(0)
    expect(requests()).toBe(1)
    await clock.advance(9_000)
    expect(requests()).toBe(3)
    expect(calls.map(({ came }) => came)).toEqual(Array(5).fill('access-3'))
  })

  it('causes no try before its time', async () => {
    const { clock, session, core, requests, call } = await openExpired([notSent])
    call(() => session.getAccessToken())
    await clock.advance(0)
    const { retryAt = 0 } = session.getSnapshot()
    // Each holder wakes up to a tenth later, at random.
    expect(core.tryAt).toBe(retryAt + Math.round((retryAt - clock.now()) * 0.05))
    await clock.advance(core.tryAt - clock.now() - 1)
    expect(requests()).toBe(1)
    await clock.advance(1)
    expect(requests()).toBe(2)
  })

  it.each([
    { name: 'a little later than it ends', seconds: 8, at: 8_400 },
    { name: 'when it ends, where later would be too late', seconds: 9.999, at: 9_999 },
  ])("P38 waits for a server's cooldown within its patience, and tries $name", async ({ seconds, at }) => {
    const { call, clock, session, requests } = await openExpired([throttled(seconds)])
    const waiting = call(() => session.getAccessToken())
    await clock.advance(at - 1)
    expect(waiting.came).toBeUndefined()
    expect(requests()).toBe(1)
    await clock.advance(1)
    expect(requests()).toBe(2)
    expect(waiting.came).toBe('access-2')
  })

  it("P38 fails at once where a server's cooldown ends with its patience, and tells its end", async () => {
    const { call, clock, session } = await openExpired([throttled(10)])
    const failed = call(() => session.getAccessToken())
    await clock.advance(0)
    const retryAt = clock.now() + 10_000
    expect(failed.error).toMatchObject({ name: 'RefreshUnavailableError', code: 'throttled', retryAt })
  })

  it('P36 fails at once with the time of the next try, where that is beyond its patience', async () => {
    const { call, clock, session, requests } = await openExpired([throttled(60)])
    const first = call(() => session.getAccessToken())
    await clock.advance(0)
    const second = call(() => session.getAccessToken())
    await clock.advance(0)
    for (const { error } of [first, second]) expect(error).toMatchObject({ code: 'throttled', retryable: true })
    expect(requests()).toBe(1)
  })

  it('fails as what went wrong last, when its patience ends between two tries', async () => {
    const { call, clock, session, requests } = await openExpired(Array(20).fill(notSent))
    const waiting = call(() => session.getAccessToken())
    await clock.advance(10_000)
    expect(waiting.error).toMatchObject({ code: 'network', retryable: true })
    // At most 2 s apart while callers wait.
    expect(requests()).toBeGreaterThanOrEqual(5)
    expect(requests()).toBeLessThanOrEqual(15)
  })

  it('P31 is served a token that is still good, at once', async () => {
    const { call, clock, session, requests } = open([throttled(600)])
    const signIn = async () => session.signIn({ accessToken: 'access-0', refreshToken: 'r', expiresIn: 3600 })
    await clock.advance(0)
    await signIn()
    const forced = call(() => session.refresh())
    await clock.advance(0)
    expect(forced.error).toMatchObject({ code: 'throttled' })
    await expect(session.getAccessToken()).resolves.toMatchObject({ value: 'access-0' })
    expect(requests()).toBe(1)
  })

  it('fails as tokenUnusable where nothing usable comes, after a pause that is longer each time', async () => {
    const { call, clock, session, requests } = await openExpired(Array(20).fill('uselessTokens'))
    const waiting = call(() => session.getAccessToken())
    await clock.advance(10_000)
    expect(waiting.error).toMatchObject({ code: 'tokenUnusable' })
    expect(requests()).toBeLessThanOrEqual(6)
  })
})

describe('a caller of a token that is due', () => {
  const due = 50 * minute

  it('is served at once, and a refresh begins', async () => {
    const { call, clock, session, requests } = open()
    await clock.advance(0)
    await session.signIn({ accessToken: 'access-0', refreshToken: 'refresh-0', expiresIn: 3600 })
    await clock.advance(due)
    const served = call(() => session.getAccessToken())
    await Promise.resolve()
    await clock.advance(0)
    expect(served.came).toBe('access-0')
    expect(requests()).toBe(1)
    expect((await session.getAccessToken()).value).toBe('access-1')
  })

  it('waits for the refresh where it does not last long enough, and is served what came', async () => {
    const { call, clock, session, requests, signIn } = open()
    await signIn()
    await clock.advance(2 * minute)
    const demanding = { minimumValidityMilliseconds: 2 * hour }
    const waiting = call(() => session.getAccessToken(demanding))
    await clock.advance(0)
    expect(waiting.came).toBe('access-1')
    // No other lasts longer.
    expect((await session.getAccessToken(demanding)).value).toBe('access-1')
    expect(requests()).toBe(1)
  })

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('may not ask for %d ms', async (minimumValidityMilliseconds) => {
    const { session } = open()
    const asked = session.getAccessToken({ minimumValidityMilliseconds })
    await expect(asked).rejects.toMatchObject({ code: 'invalidOption' })
  })

  it('waits for up to 2 s in the first minute of a session: a program may end when it has its token', async () => {
    const before = open()
    await before.signIn()
    await before.clock.advance(due)
    const { promise, resolve } = Promise.withResolvers<void>()
    const { call, clock, session } = open([promise], { store: before.store, now: before.clock.now() })
    await clock.advance(0)
    const calls = [call(() => session.getAccessToken()), call(() => session.getAccessToken())]
    await clock.advance(1_999)
    expect(calls.map(({ came }) => came)).toEqual([undefined, undefined])
    await clock.advance(1)
    expect(calls.map(({ came }) => came)).toEqual(['access-0', 'access-0'])
    // All callers together: a later one does not begin to wait anew.
    const late = call(() => session.getAccessToken())
    await clock.advance(0)
    expect(late.came).toBe('access-0')
    resolve()
    await clock.advance(0)
    expect((await session.getAccessToken()).value).toBe('access-1')
  })

  it('P75 waits for the next try too, where one failed in that minute', async () => {
    const before = open()
    await before.signIn()
    await before.clock.advance(due)
    const { promise, resolve } = Promise.withResolvers<void>()
    const { call, clock, session } = open([notSent, promise], { store: before.store, now: before.clock.now() })
    await clock.advance(0)
    // While it backs off, nobody waits.
    expect((await session.getAccessToken()).value).toBe('access-0')
    await clock.advance((session.getSnapshot().retryAt ?? 0) - clock.now())
    const waiting = call(() => session.getAccessToken())
    await clock.advance(0)
    expect(waiting.came).toBeUndefined()
    resolve()
    await clock.advance(0)
    expect(waiting.came).toBe('access-2')
  })
})

describe('a caller while the store cannot be read', () => {
  function openTroubled(code: 'storeLocked' | 'storeUnavailable' = 'storeLocked') {
    const memory = memoryStore()
    const trouble = { isDown: true, reads: 0 }
    const store: SessionStore = {
      ...memory,
      async read(recordKey) {
        trouble.reads += 1
        if (trouble.isDown) throw new StoreError(code, 'The keyring is locked.')
        return memory.read(recordKey)
      },
    }
    return { ...open([], { store }), trouble, memory }
  }

  it('waits for the next look within its patience', async () => {
    const before = open()
    await before.signIn()
    const { call, clock, session, trouble, memory } = openTroubled()
    const record = await before.store.read(key)
    if (record !== undefined) await memory.compareAndSet(key, undefined, record)
    const waiting = call(() => session.getAccessToken())
    await clock.advance(3_000)
    expect(waiting.came).toBeUndefined()
    trouble.isDown = false
    await clock.advance(7_000)
    expect(waiting.came).toBe('access-0')
  })

  it('fails when its patience ends, with the reason and its cause', async () => {
    const { call, clock, session } = openTroubled()
    const waiting = call(() => session.getAccessToken())
    await clock.advance(10_000)
    expect(waiting.error).toMatchObject({ code: 'storeLocked', retryable: true })
  })

  it('fails at once with the cause, where its patience is none', async () => {
    const { call, clock, core } = openTroubled()
    await clock.advance(0)
    Object.assign(core.options, { maximumWaitMilliseconds: 0 })
    const failed = call(() => getAccessTokenSlowly(core))
    await clock.advance(0)
    expect(failed.error).toMatchObject({ code: 'storeLocked', cause: { code: 'storeLocked' } })
  })
})

describe('a caller of a session that is over', () => {
  /** A second holder, which does not hear of what the first does. */
  async function openDeaf(isEnded: boolean) {
    const memory = memoryStore()
    const reads = { count: 0, fault: undefined as (() => Promise<never>) | undefined }
    const store: SessionStore = {
      ...memory,
      watch: () => () => {},
      async read(recordKey) {
        reads.count += 1
        return reads.fault?.() ?? memory.read(recordKey)
      },
    }
    const other = open(isEnded ? [refused] : [], { store: memory })
    await other.signIn()
    if (isEnded) await other.session.refresh().catch(() => {})
    else await other.session.signOut()
    const deaf = open([], { store })
    await deaf.clock.advance(2 * hour)
    expect(deaf.session.getSnapshot().status).toBe(isEnded ? 'invalidated' : 'signedOut')
    reads.count = 0
    return { ...deaf, other, reads }
  }

  it.each([
    { isEnded: false, code: 'notSignedIn' },
    { isEnded: true, code: 'sessionEnded' },
  ])('learns so, after the store was read again: $code', async ({ isEnded, code }) => {
    const { call, clock, session, reads } = await openDeaf(isEnded)
    const failed = call(() => session.getAccessToken())
    await clock.advance(0)
    expect(failed.error).toMatchObject({ code })
    expect(reads.count).toBe(1)
  })

  it.each([false, true])('is served a sign-in that was not heard of (ended: %s)', async (isEnded) => {
    const { call, clock, session, other } = await openDeaf(isEnded)
    await other.session.signIn({ accessToken: 'access-new', refreshToken: 'r', expiresIn: 24 * 3600 })
    const served = call(() => session.getAccessToken())
    await clock.advance(0)
    expect(served.came).toBe('access-new')
  })

  it('has the store read at most once a second, for all callers together', async () => {
    const { call, clock, session, reads } = await openDeaf(false)
    const calls = Array.from({ length: 5 }, () => call(() => session.getAccessToken()))
    await clock.advance(999)
    call(() => session.getAccessToken())
    await clock.advance(0)
    expect(calls.map(({ came }) => came)).toEqual(Array(5).fill('error'))
    expect(reads.count).toBe(1)
    await clock.advance(1)
    call(() => session.getAccessToken())
    await clock.advance(0)
    expect(reads.count).toBe(2)
  })

  it.each([
    { name: 'fails', fault: () => Promise.reject(new StoreError('storeUnavailable', 'down')), waits: 0 },
    { name: 'hangs', fault: () => new Promise<never>(() => {}), waits: 1_000 },
  ])('is told what was believed where that read $name', async ({ fault, waits }) => {
    const { call, clock, session, reads } = await openDeaf(true)
    reads.fault = fault
    const failed = call(() => session.getAccessToken())
    if (waits > 0) {
      await clock.advance(waits - 1)
      expect(failed.came).toBeUndefined()
      await clock.advance(1)
    } else await clock.advance(0)
    expect(failed.error).toMatchObject({ code: 'sessionEnded', reason: 'grantRejected' })
  })
})

describe('a caller of a token that was rejected', () => {
  async function openRejected(answers: Answer[]) {
    const opened = open(answers)
    await opened.signIn()
    await opened.clock.advance(2 * minute)
    const { generation } = opened.session.getSnapshot()
    expect(reject(opened.core, { origin, address: `${origin}/a`, generation, status: 401 })).toBe('noted')
    return { ...opened, generation }
  }

  it('waits for the refresh, where it is of that origin or names none; others are served', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { call, clock, core, session } = await openRejected([promise])
    const same = call(() => getAccessTokenSlowly(core, { origin }))
    const unknown = call(() => session.getAccessToken())
    const other = call(() => getAccessTokenSlowly(core, { origin: elsewhere }))
    const oneShot = call(() => getAccessTokenSlowly(core, { origin: elsewhere, minimumValidityMilliseconds: minute }))
    await clock.advance(0)
    expect([same.came, unknown.came, other.came, oneShot.came]).toEqual([undefined, undefined, 'access-0', undefined])
    expect(peekAccessToken(core, origin)).toBeUndefined()
    expect(peekAccessToken(core, elsewhere)?.value).toBe('access-0')
    resolve()
    await clock.advance(0)
    expect([same.came, unknown.came, oneShot.came]).toEqual(['access-1', 'access-1', 'access-1'])
  })

  it('is served what has not expired once its patience is over: one server is not an end', async () => {
    const { call, clock, session } = await openRejected([new Promise(() => {})])
    const waiting = call(() => session.getAccessToken())
    await clock.advance(9_999)
    expect(waiting.came).toBeUndefined()
    await clock.advance(1)
    expect(waiting.came).toBe('access-0')
  })

  it('is served what has not expired once the refresh has failed', async () => {
    const { call, clock, session } = await openRejected([throttled(600)])
    const waiting = call(() => session.getAccessToken())
    await clock.advance(0)
    expect(waiting.came).toBe('access-0')
  })

  it('gets a newer one or nothing with the rejection in hand, and never waits for a backoff', async () => {
    const { call, clock, core, generation } = await openRejected([throttled(5), 'tokens'])
    const rejected = { origin, address: origin, generation }
    const patience = { signal: undefined, waitedMilliseconds: 0 }
    const first = call(() => getNewerToken(core, rejected, patience))
    await clock.advance(0)
    expect(first.came).toBe('nothing')
    const second = call(() => getNewerToken(core, rejected, patience))
    await clock.advance(0)
    expect(second.came).toBe('nothing')
    await clock.advance(5_000)
    const third = call(() => getNewerToken(core, rejected, patience))
    await clock.advance(0)
    expect(third.came).toBe('access-2')
  })

  it('gets a newer one or an error where it names the generation, never the same', async () => {
    const { call, clock, session, requests, signIn } = open([throttled(600)])
    await signIn()
    const { generation } = session.getSnapshot()
    const failed = call(() => session.getAccessToken({ newerThan: generation }))
    await clock.advance(0)
    expect(failed.error).toMatchObject({ code: 'throttled', retryAt: clock.now() + 600_000 })
    await clock.advance(600_000)
    const served = call(() => session.getAccessToken({ newerThan: generation }))
    await clock.advance(0)
    expect(served.came).toBe('access-2')
    // What it has is newer already.
    expect((await session.getAccessToken({ newerThan: generation })).value).toBe('access-2')
    expect(requests()).toBe(2)
  })
})

describe('a caller of a session that is being closed', () => {
  it('fails as disposed, and nothing is begun', async () => {
    const { session, clock, call, requests } = await openExpired()
    const closing = session.close()
    const failed = call(() => session.getAccessToken())
    await clock.advance(0)
    await closing
    expect(failed.error).toMatchObject({ code: 'disposed' })
    expect(requests()).toBe(0)
  })
})
