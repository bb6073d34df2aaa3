import { type ActorRefFrom, createActor } from 'xstate'
import { timeoutSignal, wait } from '../clock/wait.ts'
import { helpOn } from '../errors/help.ts'
import { SessionDisposedError } from '../errors/session-disposed-error.ts'
import type { StoreError } from '../errors/store-error.ts'
import type { StepUpChallenge } from '../policy/classify-response.ts'
import { pausedUntil, runOf, withoutRuns } from '../policy/rejections.ts'
import type { RefreshDecisionEntry, RefreshHolder, SessionDebugEntry } from '../refresh/holder.ts'
import { forgetEndedRuns } from '../refresh/settle.ts'
import { readRecord } from '../refresh/store-access.ts'
import { watchRecord } from '../refresh/watch-record.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { SessionStore } from '../store/session-store.ts'
import type { AccessToken } from '../token/access-token.ts'
import type { Grant, GrantDebugEntry } from '../token/grant.ts'
import type { RequestOutcome } from '../token/request-outcome.ts'
import type { TokenSet } from '../token/token-set.ts'
import { untilAborted } from '../token/until-aborted.ts'
import { createId } from './create-id.ts'
import { LiveEffects, recordEvent } from './effects.ts'
import { RejectionLog } from './rejection-log.ts'
import { sessionMachineOf } from './session-chart.ts'
import { isRejected } from './session-context.ts'
import type { SessionEvent } from './session-events.ts'
import { nothingTold, noticesBetween, type SessionNotice } from './session-notices.ts'
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

/** A session that is being left: nothing new is begun, then nothing is waited for, then it is gone. */
const phases = { departure: 1, abandonment: 2, stopped: 3 } as const

type Phase = keyof typeof phases

/**
 * All the state of one session, and the functions on it that all sessions share: thousands may be open in a process.
 *
 * The chart is the one source: what the vault holds, the snapshot and the notices follow from it, whenever it comes to
 * rest.
 */
export class SessionCore implements RefreshHolder {
  readonly options: ResolvedOptions
  readonly key: string
  readonly store: SessionStore
  readonly grant: Grant
  readonly clock: ResolvedOptions['clock']
  readonly vault = new Vault()
  readonly actor: SessionActor
  snapshot: SessionSnapshot
  /** The refresh under way: resolves with what it came to, once callers can use that, or when it was left. */
  refreshing: Promise<SessionEvent['type'] | undefined> | undefined
  /** The sign-out under way. */
  signingOut: Promise<SignOutResult> | undefined
  /** Resolves when the last sign-in or sign-out in line has come to its end; absent when there is none. */
  identityChange: Promise<void> | undefined
  writtenRevision: string | undefined
  /** What this holder wrote when the user signed out. */
  tombstone: SessionRecord | undefined
  /** Why the store could not be read at the start. */
  restoreError: StoreError | undefined
  /** When the session was opened, and when the last refresh began, in milliseconds since the epoch. */
  readonly openedAt: number
  refreshStartedAt = 0
  /** When a failing refresh is tried again for those who wait, in milliseconds since the epoch. */
  tryAt = 0
  #chart: ChartSnapshot
  #told = nothingTold
  #phase = 0
  #controllers: Partial<Record<Phase, AbortController>> | undefined
  #background: Set<Promise<unknown>> | undefined
  #change: PromiseWithResolvers<void> | undefined
  #ready: Promise<SessionSnapshot> | undefined
  #stops: readonly (() => void)[] | undefined
  #listeners: readonly ((snapshot: SessionSnapshot) => void)[] | undefined
  #noticeListeners: readonly { type: string; listener: (notice: never) => void }[] | undefined
  #unwatch: (() => void) | undefined
  #unsubscribe: (() => void) | undefined
  #holderId: string | undefined
  #log: RejectionLog | undefined
  #look: Promise<void> | undefined
  #lookedAt = 0
  #offlineSince: number | undefined
  #looking: unknown
  #isUnwatched = false
  #hasNoRevocation = false

  constructor(options: ResolvedOptions) {
    const { key, store, grant, clock, environment, refreshTiming, signInHint } = options
    const { clientId, dynamicallyRegistered } = grant.identity
    this.options = options
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
    if (revision !== undefined && revision === this.writtenRevision) return
    // Once another has written, what this holder wrote is news again: the store went back in time.
    this.writtenRevision = undefined
    this.send({ type: 'store.changed' })
  }

  /** Hints cannot be had: the store is looked at while anything listens. */
  #lookInstead(): void {
    if (this.isDeparting || this.#isUnwatched) return
    this.#isUnwatched = true
    this.tell({ type: 'storeUnwatched' })
    const look = () => {
      const isHeard = Boolean(this.#listeners?.length || this.#noticeListeners?.length)
      if (isHeard) this.send({ type: 'store.changed' })
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
    this.vault.hold(context.token, isWithheld, this)
    if (context.failure !== before.context.failure) this.#noteFailure(context.failure)
    const previous = this.snapshot
    this.snapshot = describeSession(chart, previous, this.endedRuns)
    const { notices, told } = noticesBetween(before, chart, this.#told)
    this.#told = told
    for (const notice of notices) this.tell(notice)
    if (this.snapshot === previous) return
    this.#tellChange()
    for (const listener of this.#listeners ?? []) tellListener('`subscribe`', () => listener(this.snapshot))
  }

  /** Called by the actor, which has stopped. */
  error(error: unknown): void {
    reportListenerError('the session chart', error)
  }

  /** Each holder wakes up a little later, at random: the first brings tokens for all. */
  #noteFailure(failure: { retryAt: number; now: number } | undefined): void {
    if (failure === undefined) return
    const { retryAt, now } = failure
    this.tryAt = retryAt + Math.round(Math.max(retryAt - now, 0) * 0.1 * this.random())
  }

  /** What the chart remembers. */
  get context(): ChartSnapshot['context'] {
    return this.#chart.context
  }

  /** Sends an event to the chart. */
  send(event: SessionEvent): void {
    if (this.#phase < phases.stopped) this.actor.send(event)
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

  subscribe(listener: (snapshot: SessionSnapshot) => void): () => void {
    // One entry per call, so that subscribing the same function twice takes two calls to undo.
    const entry = (snapshot: SessionSnapshot) => listener(snapshot)
    this.#listeners = [...(this.#listeners ?? []), entry]
    return () => {
      this.#listeners = this.#listeners?.filter((other) => other !== entry)
    }
  }

  on(type: SessionNotice['type'] | '*', listener: (notice: never) => void): () => void {
    const entry = { type, listener }
    this.#noticeListeners = [...(this.#noticeListeners ?? []), entry]
    return () => {
      this.#noticeListeners = this.#noticeListeners?.filter((other) => other !== entry)
    }
  }

  /** Tells the listeners of a notice. */
  tell(notice: SessionNotice): void {
    const { reason, code = notice.type } = notice as { reason?: string; code?: string }
    Object.defineProperty(notice, 'help', { value: helpOn(reason ?? code) })
    for (const { type, listener } of this.#noticeListeners ?? []) {
      if (type === '*' || type === notice.type) tellListener(`"${notice.type}"`, () => listener(notice as never))
    }
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
    return this.#log?.endedRuns ?? noRuns
  }

  get classifyFailure(): ResolvedOptions['classifyFailure'] {
    return this.options.classifyFailure
  }

  get refreshMarginMilliseconds(): number | undefined {
    return this.options.refreshMarginMilliseconds
  }

  get giveUpAfterMilliseconds(): number | undefined {
    return this.options.giveUpAfterMilliseconds
  }

  random(): number {
    return this.options.random()
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
    this.tell({ type: 'revocationFailed', code: hasNone ? 'noRevocationEndpoint' : undefined })
  }

  debug(entry: GrantDebugEntry | RefreshDecisionEntry): void {
    const { debug } = this.options
    if (debug === undefined) return
    const stamped: SessionDebugEntry = { at: this.clock.now(), key: this.key, ...entry }
    tellListener('`debug`', () => debug(stamped))
  }

  // Rejected tokens.

  /**
   * A resource server rejected the access token of a generation.
   *
   * `stale`: it was replaced meanwhile. `paused`: new tokens do not help at that origin, for now. `noted`: the chart
   * knows, and a refresh helps perhaps.
   */
  reject(request: {
    origin: string
    address: string
    generation: number
    status?: number
  }): 'stale' | 'paused' | 'noted' {
    const { origin, address, generation, status } = request
    const { token, rejected } = this.context
    if (generation !== token.generation) return 'stale'
    this.#log ??= new RejectionLog()
    const rejection = this.#log.noteRejected(origin, address, generation)
    const { acceptedBefore, olderRejected } = rejection
    // Known already: of a hundred requests that are rejected together, one costs the chart a step.
    const isKnown = rejected?.generation === generation && rejected.origins.includes(origin)
    if (isKnown && (!acceptedBefore || rejected.rejection?.acceptedBefore)) return 'noted'
    if (!acceptedBefore && this.pausedUntil(origin) !== undefined) return 'paused'
    const outcome = olderRejected > 0 && !acceptedBefore ? 'rejectedAfterRefresh' : 'rejected'
    const now = this.clock.now()
    this.send({ type: 'request.ended', outcome, origin, generation, status, now, rejection })
    return 'noted'
  }

  /** Until when the rejections of an origin start no refresh. */
  pausedUntil(origin: string): number | undefined {
    return pausedUntil(withoutRuns(this.context.rejections, this.endedRuns), origin, this.clock.now())
  }

  /** A resource server accepted the access token. Costs nothing where that is not news. */
  accept(
    { origin, generation, status }: { origin: string; generation: number; status?: number },
    request: { target(): { readonly url: string } },
  ): void {
    const { rejections, lastOutcome, token } = this.context
    const hasRun = rejections !== undefined && runOf(rejections, origin, this.clock.now()) !== undefined
    let endsRun = false
    if (hasRun || token.expiresAt === undefined || this.#log?.isOpen(origin)) {
      this.#log ??= new RejectionLog()
      endsRun = this.#log.noteAccepted(origin, addressOf(request.target().url), generation)
    }
    if (endsRun && hasRun) void this.inBackground(forgetEndedRuns(this))
    // While a run of rejections goes on, what other addresses of the origin accept is not news.
    const isNews = lastOutcome?.origin === origin && lastOutcome.outcome !== 'accepted' && !this.#log?.isOpen(origin)
    if (endsRun || isNews) {
      this.noteOutcome({ outcome: 'accepted', origin, generation, status })
    }
  }

  /** Feeds another outcome of a request into the chart. */
  noteOutcome(outcome: RequestOutcome & { challenge?: StepUpChallenge }): void {
    this.send({ type: 'request.ended', now: this.clock.now(), ...outcome })
  }

  /** The token for requests to an origin, if it is served without waiting; see "Rejected tokens" in the architecture. */
  peekAccessToken(origin: string): AccessToken | undefined {
    const { vault, clock } = this
    const now = clock.now()
    if (now < vault.freshUntil) return vault.token
    const { context } = this
    // One origin's word is not an end for the others.
    const isWithheldElsewhere = isRejected(context) && context.end === undefined
    return isWithheldElsewhere && !context.rejected?.origins.includes(origin) && vault.judge(now) !== 'unusable'
      ? vault.token
      : undefined
  }

  // Leaving.

  /** Keeps track of work that goes on after the call that began it: disposing of the session waits for it. */
  inBackground<Value>(work: Promise<Value>): Promise<Value> {
    this.#background ??= new Set()
    const background = this.#background.add(work)
    const done = () => {
      background.delete(work)
      if (background.size === 0) this.#background = undefined
    }
    work.then(done, done)
    return work
  }

  /** Resolves when nothing is going on any more. */
  async untilIdle(): Promise<void> {
    while (this.#background?.size) await Promise.allSettled(this.#background)
  }

  get isDeparting(): boolean {
    return this.#phase >= phases.departure
  }

  get isStopped(): boolean {
    return this.#phase >= phases.stopped
  }

  /** Aborts when the session begins to be disposed of: nothing new is begun. */
  get departure(): AbortSignal {
    return this.#signalOf('departure')
  }

  get abandonment(): AbortSignal {
    return this.#signalOf('abandonment')
  }

  onStopped(callback: () => void): () => void {
    this.#stops = [...(this.#stops ?? []), callback]
    return () => {
      this.#stops = this.#stops?.filter((other) => other !== callback)
    }
  }

  /** Made when first asked for: most sessions are never left while something is under way. */
  #signalOf(phase: Phase): AbortSignal {
    this.#controllers ??= {}
    const controller = this.#controllers[phase] ?? new AbortController()
    this.#controllers[phase] = controller
    if (this.#phase >= phases[phase]) controller.abort()
    return controller.signal
  }

  leave(phase: Phase): void {
    this.#phase = phases[phase]
    if (phase === 'departure') this.#disconnect()
    if (phase === 'stopped') this.#stop()
    this.#controllers?.[phase]?.abort()
  }

  #disconnect(): void {
    this.#unwatch?.()
    this.#unsubscribe?.()
    this.clock.clearTimeout(this.#looking)
  }

  #stop(): void {
    this.actor.stop()
    const { token } = this.context
    this.vault.hold({ ...token, held: false }, true, this)
    this.#listeners = undefined
    this.#tellChange()
    for (const stop of this.#stops ?? []) stop()
  }
}

/** A URL without its query and fragment: what one answer says of a token, it says for that. */
export function addressOf(url: string): string {
  return /^[^?#]*/.exec(url)?.[0] ?? url
}

const noRuns: ReadonlyMap<string, number> = new Map()

/**
 * Calls a listener of the app. A session must not fail for what it throws, now or later, and in Node an error that
 * is not caught would end the process: it is shown on the console.
 */
function tellListener(name: string, call: () => unknown): void {
  try {
    // A thenable of any realm may reject as well.
    Promise.resolve(call()).catch((error: unknown) => reportListenerError(name, error))
  } catch (error) {
    reportListenerError(name, error)
  }
}

/** Shows an error that a listener of the app threw. */
export function reportListenerError(name: string, error: unknown): void {
  console.error(`authchart: a listener of ${name} threw:`, error)
}
