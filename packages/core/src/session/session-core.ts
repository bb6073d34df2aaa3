import { type ActorRefFrom, createActor } from 'xstate'
import { timeoutSignal, wait } from '../clock/wait.ts'
import { SessionDisposedError } from '../errors/session-disposed-error.ts'
import type { StoreError } from '../errors/store-error.ts'
import type { RefreshDecisionEntry, RefreshHolder, SessionDebugEntry } from '../refresh/holder.ts'
import { readRecord } from '../refresh/store-access.ts'
import { watchRecord } from '../refresh/watch-record.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { SessionStore } from '../store/session-store.ts'
import type { Grant, GrantDebugEntry } from '../token/grant.ts'
import type { TokenSet } from '../token/token-set.ts'
import { untilAborted } from '../token/until-aborted.ts'
import { LiveEffects, recordEvent } from './effects.ts'
import { Lifetime, type Phase } from './lifetime.ts'
import { Listeners, reportListenerError, tellListener } from './listeners.ts'
import { nothingTold, noticesBetween } from './notices-between.ts'
import type { RejectionLog } from './rejected-tokens.ts'
import { sessionMachineOf } from './session-chart.ts'
import { isRejected } from './session-context.ts'
import type { RequestEnded, SessionEvent } from './session-events.ts'
import type { ResolvedOptions } from './session-options.ts'
import { provideEffects } from './session-setup.ts'
import { type ChartSnapshot, describeSession, isUsable, type SessionSnapshot, statusOf } from './session-snapshot.ts'
import type { SignOutResult } from './sign-in-and-out.ts'
import { Vault } from './vault.ts'

/** The actor that runs the session chart. */
export type SessionActor = ActorRefFrom<ReturnType<typeof sessionMachineOf>>

/** How long a revocation may take, in milliseconds. */
const revocationMilliseconds = 10_000

/** How often a store that gives no hints is looked at, where it does not say, in milliseconds. */
const defaultLookMilliseconds = 5_000

/** How often, and for how long at most, the store is looked at again for callers, in milliseconds. */
const lookMilliseconds = 1_000

/**
 * All the state of one session, and the functions on it that all sessions share: thousands may be open in a process.
 *
 * The chart is the one source: what the vault holds, the snapshot and the notices follow from it, whenever it comes to
 * rest.
 */
export class SessionCore extends Lifetime implements RefreshHolder {
  readonly options: ResolvedOptions
  readonly key: string
  readonly store: SessionStore
  readonly grant: Grant
  readonly clock: ResolvedOptions['clock']
  readonly vault: Vault
  readonly actor: SessionActor
  snapshot: SessionSnapshot
  /** The refresh under way: resolves with what it came to, once callers can use that, or when it was left. */
  refreshing: Promise<SessionEvent['type'] | undefined> | undefined
  /** The sign-out under way. */
  signingOut: Promise<SignOutResult> | undefined
  /** Resolves when the last sign-in or sign-out in line has come to its end; absent when there is none. */
  identityChange: Promise<void> | undefined
  writtenRevision = ''
  /** What this holder wrote when the user signed out. */
  tombstone: SessionRecord | undefined
  /** Why the store could not be read at the start. */
  restoreError: StoreError | undefined
  /** When the session was opened, and when the last refresh began, in milliseconds since the epoch. */
  readonly openedAt: number
  refreshStartedAt = 0
  /** When a failing refresh is tried again for those who wait, in milliseconds since the epoch. */
  tryAt = 0
  readonly listeners = new Listeners()
  /** What resource servers did with access tokens; absent until one rejects. */
  rejectionLog: RejectionLog | undefined
  #chart: ChartSnapshot
  #told = nothingTold
  #change: PromiseWithResolvers<void> | undefined
  #ready: Promise<SessionSnapshot> | undefined
  #unwatch: (() => void) | undefined
  #unsubscribe: (() => void) | undefined
  #holderId: string | undefined
  #look: Promise<void> | undefined
  #lookedAt = 0
  #offlineSince: number | undefined
  #looking: unknown
  #isUnwatched = false
  #hasNoRevocation = false

  constructor(options: ResolvedOptions) {
    super()
    const { key, store, grant, clock, environment, refreshTiming, signInHint } = options
    const { clientId, dynamicallyRegistered } = grant.identity
    this.options = options
    this.vault = new Vault(options)
    this.key = key
    this.store = store
    this.grant = grant
    this.clock = clock
    this.openedAt = clock.now()
    this.actor = createActor(sessionMachineOf(), {
      id: key,
      clock,
      input: {
        key,
        refreshTiming,
        online: environment.isOnline(),
        visible: environment.isVisible?.(),
        signsIn: grant.signIn !== undefined,
        signInHint,
        clientId,
        dynamicallyRegistered,
      },
    })
    this.#chart = this.actor.getSnapshot()
    this.snapshot = describeSession(this.#chart)
    provideEffects(this.actor.system, new LiveEffects(this))
  }

  /** Starts the chart, and listens to the store and the device. */
  start(): void {
    // Workers refuse timers at module scope: better here than where the chart would stand still without one.
    this.clock.clearTimeout(this.clock.setTimeout(() => {}, 0))
    this.actor.subscribe(this)
    this.#unwatch = watchRecord(this.store, {
      key: this.key,
      onHint: (revision) => this.#hearStore(revision),
      onLost: () => this.#lookInstead(),
    })
    this.#unsubscribe = this.options.environment.subscribe((change) => this.#hearDevice(change))
    this.actor.start()
  }

  #hearStore(revision: string | undefined): void {
    this.clock.clearTimeout(this.#looking)
    this.#isUnwatched = false
    if (revision === this.writtenRevision) return
    // Once another has written, what this holder wrote is news again: the store went back in time.
    this.writtenRevision = ''
    this.send({ type: 'store.changed' })
  }

  /** Hints cannot be had: the store is looked at while anything listens. */
  #lookInstead(): void {
    if (this.isDeparting || this.#isUnwatched) return
    this.#isUnwatched = true
    this.listeners.tell({ type: 'storeUnwatched' })
    const look = () => {
      if (this.listeners.hasAny) this.send({ type: 'store.changed' })
      this.#looking = this.clock.setTimeout(look, this.store.suggestedLookMilliseconds ?? defaultLookMilliseconds)
    }
    this.#looking = this.clock.setTimeout(look, this.store.suggestedLookMilliseconds ?? defaultLookMilliseconds)
  }

  #hearDevice(change: 'online' | 'offline' | 'hidden' | 'shown' | 'resumed'): void {
    const now = this.clock.now()
    if (change === 'online') this.send({ type: 'network.online', now })
    if (change === 'offline') this.send({ type: 'network.offline' })
    if (change === 'hidden') this.send({ type: 'page.hidden' })
    if (change === 'shown') this.send({ type: 'page.shown', now })
    // Much may have happened that a page in the background, or a sleeping device, did not hear of.
    if (change === 'shown' || change === 'resumed') this.send({ type: 'clock.resumed', now })
  }

  /** The chart has come to rest: what others see of it follows. Called by the actor. */
  next(chart: ChartSnapshot): void {
    const before = this.#chart
    const { context } = chart
    this.#chart = chart
    const isWithheld = isRejected(context) && !isUsable(context, statusOf(chart.value))
    this.vault.hold(context.token, isWithheld)
    if (context.failure !== before.context.failure) this.#noteFailure(context.failure)
    const previous = this.snapshot
    this.snapshot = describeSession(chart, previous, this.endedRuns)
    const { notices, told } = noticesBetween(before, chart, this.#told)
    this.#told = told
    for (const notice of notices) this.listeners.tell(notice)
    if (this.snapshot === previous) return
    this.#tellChange()
    this.listeners.tellSnapshot(this.snapshot)
  }

  /** Called by the actor, which has stopped. */
  error(error: unknown): void {
    reportListenerError('the session chart', error)
  }

  /** Each holder wakes up a little later, at random: the first brings tokens for all. */
  #noteFailure(failure: { retryAt: number; now: number } | undefined): void {
    if (failure === undefined) return
    const { retryAt, now } = failure
    this.tryAt = retryAt + Math.round(Math.max(retryAt - now, 0) * 0.1 * this.options.random())
  }

  /** What the chart remembers. */
  get context(): ChartSnapshot['context'] {
    return this.#chart.context
  }

  /** Sends an event to the chart. */
  send(event: SessionEvent): void {
    if (!this.isStopped) this.actor.send(event)
  }

  /** A caller needs a token and the one there is will not do. `evenIfFresh`: it does not last long enough. */
  requestToken(evenIfFresh: boolean): void {
    this.send({ type: 'token.requested', now: this.clock.now(), evenIfFresh })
  }

  /** Resolves after the next change of the snapshot. */
  untilChange(): Promise<void> {
    this.#change ??= Promise.withResolvers()
    return this.#change.promise
  }

  #tellChange(): void {
    this.#change?.resolve()
    this.#change = undefined
  }

  get ready(): Promise<SessionSnapshot> {
    if (this.#ready === undefined) {
      this.#ready = this.#restored()
      // An app that does not await it learns of the same trouble from the call that needs the store.
      this.#ready.catch(() => {})
    }
    return this.#ready
  }

  async #restored(): Promise<SessionSnapshot> {
    while (this.snapshot.status === 'restoring') {
      if (this.isStopped) throw new SessionDisposedError()
      if (this.restoreError !== undefined) throw this.restoreError
      await this.untilChange()
    }
    if (this.isStopped) throw new SessionDisposedError()
    return this.snapshot
  }

  /** Reads the record again, at most once a second; resolves within a second. Adopts a sign-in, and nothing else. */
  lookAgain(): Promise<void> {
    const now = this.clock.now()
    if (this.#look === undefined || now - this.#lookedAt >= lookMilliseconds || now < this.#lookedAt) {
      this.#lookedAt = now
      const reading = readRecord(this).then((read) => {
        if (read.ok && read.value?.status === 'signedIn') this.send(recordEvent(read.value, this))
      })
      this.#look = Promise.race([reading, wait(this.clock, lookMilliseconds, { keepAlive: true }).then(() => {})])
    }
    return this.#look
  }

  // What a refresh needs.

  get holderId(): string {
    this.#holderId ??= createId()
    return this.#holderId
  }

  get failuresInARow(): number {
    return this.context.failures
  }

  get failingMilliseconds(): number {
    const { failures, failingSince } = this.context
    return failures === 0 ? 0 : this.clock.now() - failingSince
  }

  get knownRecord(): SessionRecord | undefined {
    return this.vault.record ?? this.tombstone
  }

  get highestGeneration(): number {
    return this.vault.highestGeneration
  }

  get endedRuns(): ReadonlyMap<string, number> {
    return this.rejectionLog?.endedRuns ?? noRuns
  }

  createId(): string {
    return createId()
  }

  /** Since when the device has said that it has no network; `undefined` while it does not say so. */
  get offlineSince(): number | undefined {
    if (this.options.environment.isOnline()) this.#offlineSince = undefined
    else this.#offlineSince ??= this.clock.now()
    return this.#offlineSince
  }

  /** Revokes tokens that are not used any more, in the background or awaited; a failure becomes a notice. */
  revoke(tokenSet: TokenSet): Promise<void> {
    return this.inBackground(this.#revoke(tokenSet))
  }

  async #revoke(tokenSet: TokenSet): Promise<void> {
    const timeout = timeoutSignal(this.clock, revocationMilliseconds, { signal: this.abandonment })
    try {
      await untilAborted(Promise.resolve(this.grant.revoke?.(tokenSet, { signal: timeout.signal })), timeout.signal)
    } catch (error) {
      this.#tellUnrevoked(error)
    } finally {
      timeout.stop()
    }
  }

  /** A server without a revocation endpoint stays so: that is told once. */
  #tellUnrevoked(error: unknown): void {
    const hasNone = (error as { code?: unknown } | undefined)?.code === 'noRevocationEndpoint'
    if (hasNone && this.#hasNoRevocation) return
    this.#hasNoRevocation ||= hasNone
    this.listeners.tell({ type: 'revocationFailed', code: hasNone ? 'noRevocationEndpoint' : undefined })
  }

  debug(entry: GrantDebugEntry | RefreshDecisionEntry): void {
    const { debug } = this.options
    if (debug === undefined) return
    const stamped: SessionDebugEntry = { at: this.clock.now(), key: this.key, ...entry }
    tellListener('`debug`', () => debug(stamped))
  }

  /** Feeds the outcome of a request into the chart. */
  noteOutcome(outcome: Omit<RequestEnded, 'type' | 'now'>): void {
    this.send({ type: 'request.ended', now: this.clock.now(), ...outcome })
  }

  override leave(phase: Phase): void {
    super.leave(phase)
    if (phase === 'departure') this.#disconnect()
    if (phase === 'stopped') this.#stop()
  }

  #disconnect(): void {
    this.#unwatch?.()
    this.#unsubscribe?.()
    this.clock.clearTimeout(this.#looking)
  }

  #stop(): void {
    this.actor.stop()
    const { token } = this.context
    this.vault.hold({ ...token, held: false }, true)
    this.listeners.forgetSubscribers()
    this.#tellChange()
  }
}

const noRuns: ReadonlyMap<string, number> = new Map()

/** 128 random bits. Not `randomUUID`: that is missing in pages without https. */
function createId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
