import { checkOptions, isObject, type OptionRule, type OptionRules, ruleOf } from '../errors/check-options.ts'
import { codeMeanings, type EndReason, reasonMeanings, type TransientCode } from '../errors/codes.ts'
import { nextGeneration } from '../policy/choose-record.ts'
import { recordWithEnd } from '../policy/next-record.ts'
import { createSession } from '../session/create-session.ts'
import type { Session } from '../session/session.ts'
import { type SessionOptions, sessionRules } from '../session/session-options.ts'
import type { SessionSnapshot, SessionStatus } from '../session/session-snapshot.ts'
import { memoryStore } from '../store/memory-store.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { SessionStore } from '../store/session-store.ts'
import { createFakeGrant, type FakeGrant, type FakeTokenOptions } from './fake-session/fake-grant.ts'
import { createGate, type Gate } from './fake-session/gate.ts'

/** How a fake session begins, and what its tokens say. Other options are those of `createSession`. */
export interface FakeSessionOptions
  extends FakeTokenOptions,
    Partial<Omit<SessionOptions, 'store' | 'grant' | 'runtime'>> {
  /** Default `fresh`. `restoring`, `refreshing` and `signingOut` last until `release()`. */
  readonly status?: SessionStatus
}

/** A session without a server, driven by calls. Each resolves once the session has heard of it. */
export interface FakeSession extends Session {
  /** The access token expires. What needs a token next refreshes it. */
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
 * @throws ConfigurationError for an option that is malformed or unknown; its calls throw it for a reason or code that is not known
 * @example
 * const session = await createFakeSession({ claims: { sub: 'alice' }, allowedOrigins: ['https://api.acme.example'] })
 * await session.expire()
 * await session.end('grantRejected')
 */
export async function createFakeSession(options: FakeSessionOptions = {}): Promise<FakeSession> {
  checkOptions(options, rules)
  const { status = 'fresh', key = 'fake', expiresIn, claims, details, ...sessionOptions } = options
  const gate = createGate()
  const grant = createFakeGrant({ expiresIn, claims, details }, gate)
  const store = holdBack(memoryStore(), gate)
  if (status === 'restoring') gate.hold()
  const session = createSession({ ...sessionOptions, key, store, grant, runtime: { clock: gate.clock } })
  const changeRecord = createRecordChange(session, store)
  const fake = Object.assign(session, createCalls(session, { gate, grant, changeRecord }))
  if (status !== 'restoring') {
    await session.ready
    await reach(status, fake, changeRecord)
  }
  return fake
}

const { store: _store, grant: _grant, runtime: _runtime, ...ofSessions } = sessionRules

const statuses: readonly SessionStatus[] = [
  'restoring',
  'signedOut',
  'signingOut',
  'fresh',
  'expiring',
  'expired',
  'rejected',
  'refreshing',
  'transientFailure',
  'invalidated',
]

const rules: OptionRules<FakeSessionOptions> = {
  status: oneOf(statuses),
  claims: ruleOf("an object, such as { sub: 'alice' }", isObject),
  details: ruleOf('an object', isObject),
  expiresIn: ruleOf('a number of seconds', (value) => typeof value === 'number'),
  ...ofSessions,
  key: { ...ofSessions.key, required: false },
}

function oneOf(names: readonly string[]): OptionRule {
  return ruleOf(`one of: ${names.join(', ')}`, (value) => names.includes(String(value)))
}

/** Else a word that is misspelt would be waited for without end. */
const words = { reason: oneOf(Object.keys(reasonMeanings)), code: oneOf(Object.keys(codeMeanings)) }

type ChangeRecord = (change: (record: SessionRecord) => SessionRecord) => Promise<SessionRecord>

/** Writes the record as another tab would: what the session then hears does not depend on what happened there. */
function createRecordChange(session: Session, store: SessionStore): ChangeRecord {
  return async (change) => {
    for (;;) {
      const record = await store.read(session.key)
      if (record === undefined) throw notSignedIn()
      const next = { ...change(record), revision: crypto.randomUUID() }
      // A refresh of the session's own may have come between.
      if (await store.compareAndSet(session.key, record.revision, next)) return next
    }
  }
}

function createCalls(
  session: Session,
  { gate, grant, changeRecord }: { gate: Gate; grant: FakeGrant; changeRecord: ChangeRecord },
): Omit<FakeSession, keyof Session> {
  return {
    expire: () => age(session, changeRecord, 0),
    async end(reason, { serverCode } = {}) {
      checkOptions({ reason }, { reason: words.reason })
      const erase = mendable.has(reason) ? 'nothing' : 'refreshToken'
      await changeRecord((record) => {
        const { revision } = record
        return recordWithEnd(record, { revision, reason, endedAt: Date.now(), serverCode, erase })
      })
      return until(session, (snapshot) => snapshot.reason === reason)
    },
    async fail(code) {
      checkOptions({ code }, { code: words.code })
      if (!session.getSnapshot().signedIn) throw notSignedIn()
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
    hold: gate.hold,
    release: gate.release,
  }
}

/** Ends after which the refresh token is kept, so that `session.refresh()` begins again. */
const mendable: ReadonlySet<EndReason> = new Set(['requestRejected', 'clientRejected', 'unreachable'])

/** Brings a session that has been read into a status. */
async function reach(status: SessionStatus, session: FakeSession, changeRecord: ChangeRecord): Promise<unknown> {
  if (status === 'signedOut') return
  const { generation, expiresAt = 0 } = await session.signInAgain()
  switch (status) {
    case 'expiring':
      return age(session, changeRecord, Math.min((expiresAt - Date.now()) / 20, 60_000))
    case 'expired':
      return session.expire()
    case 'rejected':
      return session.reportOutcome({ outcome: 'rejected', origin: '', generation })
    case 'transientFailure':
      return session.fail('network')
    case 'invalidated':
      return session.end('grantRejected')
    case 'refreshing':
      session.hold()
      return void session.refresh().catch(() => {})
    case 'signingOut':
      session.hold()
      return void session.signOut().catch(() => {})
  }
}

/** Replaces the access token by one that came earlier, and is good for so many milliseconds more. */
async function age(session: Session, changeRecord: ChangeRecord, remaining: number): Promise<SessionSnapshot> {
  const now = Date.now()
  const { generation } = await changeRecord((record) => {
    const { secrets, highestReservedGeneration } = record
    if (secrets === undefined) throw notSignedIn()
    const { receivedAt, expiresAt = now } = secrets.tokenSet
    const tokenSet = {
      ...secrets.tokenSet,
      receivedAt: receivedAt - (expiresAt - now) + remaining,
      expiresAt: now + remaining,
    }
    const generation = nextGeneration(record, { now, floor: highestReservedGeneration })
    return {
      ...record,
      generation,
      highestReservedGeneration: generation,
      expiresAt: tokenSet.expiresAt,
      secrets: { ...secrets, tokenSet },
    }
  })
  return until(session, (snapshot) => snapshot.generation >= generation)
}

function notSignedIn(): Error {
  return new Error('There is no sign-in: call `signInAgain()` first.')
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
function holdBack(store: SessionStore, gate: Gate): SessionStore {
  return {
    ...store,
    async read(key) {
      await gate.pass()
      return store.read(key)
    },
  }
}
