import type { EndReason, TransientCode } from '../errors/codes.ts'
import { recordWithEnd } from '../policy/next-record.ts'
import { createSession } from '../session/create-session.ts'
import type { Session } from '../session/session.ts'
import type { SessionOptions } from '../session/session-options.ts'
import type { SessionSnapshot, SessionStatus } from '../session/session-snapshot.ts'
import { memoryStore } from '../store/memory-store.ts'
import type { SessionStore } from '../store/session-store.ts'
import { createFakeGrant, type FakeGrant, type FakeTokenOptions } from './fake-session/fake-grant.ts'
import { createSurroundings, type Surroundings } from './fake-session/surroundings.ts'

/** How a fake session begins, and what its tokens say. Other options are those of `createSession`. */
export interface FakeSessionOptions
  extends FakeTokenOptions,
    Partial<Omit<SessionOptions, 'store' | 'grant' | 'runtime'>> {
  /** Default `fresh`. `restoring`, `refreshing` and `signingOut` last until `release()`. */
  readonly status?: SessionStatus
}

/** A session without a server, driven by calls. Each resolves once the session has heard of it. */
export interface FakeSession extends Session {
  /** Time passes until the access token has expired. What needs a token next refreshes it. */
  expire(): Promise<SessionSnapshot>
  /** The session ends. As in life, an access token that is still valid is served: `expire()` first to see calls fail. */
  end(reason: EndReason, options?: { readonly serverCode?: string }): Promise<SessionSnapshot>
  /** Refreshing fails from now on, and the session has noticed. */
  fail(code: TransientCode): Promise<SessionSnapshot>
  /** Refreshing works again, and the session has new tokens. */
  recover(): Promise<SessionSnapshot>
  /** Signs in with the next fake tokens. */
  signInAgain(): Promise<SessionSnapshot>
  /** From now on nothing is answered, neither by the store nor by the token endpoint, and no patience runs out. */
  hold(): void
  /** Everything held is answered. */
  release(): void
}

/**
 * A session for tests of an app, in Node and in pages: a real one, on a store in memory, whose tokens come from no server.
 * All of the library takes it for what it is, so it behaves as in life.
 *
 * @throws ConfigurationError as `createSession` does
 * @example
 * const session = await createFakeSession({ claims: { sub: 'alice' }, allowedOrigins: ['https://api.acme.example'] })
 * await session.expire()
 * await session.end('grantRejected')
 */
export async function createFakeSession(options: FakeSessionOptions = {}): Promise<FakeSession> {
  const { status = 'fresh', key = 'fake', expiresIn, claims, details, ...sessionOptions } = options
  const surroundings = createSurroundings()
  const grant = createFakeGrant({ expiresIn, claims, details }, surroundings)
  const store = holdBack(memoryStore(), surroundings)
  if (status === 'restoring') surroundings.hold()
  const session = createSession({ ...sessionOptions, key, store, grant, runtime: surroundings.runtime })
  const fake = Object.assign(session, createCalls(session, { surroundings, grant, store }))
  await reach(status, fake, surroundings)
  return fake
}

interface Parts {
  readonly surroundings: Surroundings
  readonly grant: FakeGrant
  readonly store: SessionStore
}

function createCalls(session: Session, { surroundings, grant, store }: Parts): Omit<FakeSession, keyof Session> {
  return {
    async expire() {
      const { expiresAt } = session.getSnapshot()
      if (expiresAt !== undefined) passTimeUntil(expiresAt, surroundings)
      return session.getSnapshot()
    },
    async end(reason, { serverCode } = {}) {
      const record = await store.read(session.key)
      if (record === undefined) throw new Error('A session ends only where there is a sign-in.')
      const erase = mendable.has(reason) ? 'nothing' : 'refreshToken'
      const endedAt = surroundings.runtime.clock.now()
      // As another tab would: what this session then hears does not depend on how that one found out.
      const end = { revision: crypto.randomUUID(), reason, endedAt, serverCode, erase } as const
      await store.compareAndSet(session.key, record.revision, recordWithEnd(record, end))
      return until(session, (snapshot) => snapshot.reason === reason)
    },
    fail(code) {
      grant.failure = code
      session.refresh().catch(() => {})
      return until(session, (snapshot) => snapshot.code === code)
    },
    async recover() {
      grant.failure = undefined
      await session.refresh()
      return session.getSnapshot()
    },
    signInAgain: () => session.signIn(grant.createTokens(), { replaceSubject: true }),
    hold: surroundings.hold,
    release: surroundings.release,
  }
}

/** Ends after which the refresh token is kept, so that `session.refresh()` begins again. */
const mendable: ReadonlySet<EndReason> = new Set(['requestRejected', 'clientRejected', 'unreachable'])

/** Brings a session that has just been opened into a status. */
async function reach(status: SessionStatus, session: FakeSession, surroundings: Surroundings): Promise<void> {
  if (status === 'restoring') return
  await session.ready
  if (status === 'signedOut') return
  const { refreshDueAt = 0, generation } = await session.signInAgain()
  switch (status) {
    case 'expiring':
      return passTimeUntil(refreshDueAt, surroundings)
    case 'expired':
      return void (await session.expire())
    case 'rejected':
      return session.reportOutcome({ outcome: 'rejected', origin: '', generation })
    case 'transientFailure':
      return void (await session.fail('network'))
    case 'invalidated':
      return void (await session.end('grantRejected'))
    case 'refreshing':
      surroundings.hold()
      return void session.refresh().catch(() => {})
    case 'signingOut':
      surroundings.hold()
      return void session.signOut().catch(() => {})
  }
}

function passTimeUntil(time: number, { runtime, passTime }: Surroundings): void {
  passTime(time - runtime.clock.now())
}

/** The snapshot of which something is true, now or later. */
function until(session: Session, isReached: (snapshot: SessionSnapshot) => boolean): Promise<SessionSnapshot> {
  return new Promise((resolve) => {
    const look = () => {
      const snapshot = session.getSnapshot()
      if (!isReached(snapshot)) return
      stop()
      resolve(snapshot)
    }
    const stop = session.subscribe(look)
    look()
  })
}

/** Nothing is read while everything is held. */
function holdBack(store: SessionStore, surroundings: Surroundings): SessionStore {
  return {
    ...store,
    async read(key) {
      await surroundings.gate
      return store.read(key)
    },
  }
}
