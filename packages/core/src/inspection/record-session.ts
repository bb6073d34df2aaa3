import { checkOptions, ruleOf, withoutUndefined } from '../errors/check-options.ts'
import type { EndReason, TransientCode } from '../errors/codes.ts'
import { pausingOrigins } from '../policy/rejections.ts'
import type { Session } from '../session/session.ts'
import type { SessionActor } from '../session/session-core.ts'
import { type ActorMessage, actorOf, observeActor, timeOf } from './observe-actor.ts'

/**
 * The last transitions of a session, as JSON: for a bug report, the viewer, or `explainRecording`. Metadata only.
 *
 * All times are milliseconds since the epoch.
 */
export interface SessionRecording {
  readonly format: 1
  /** When the recording began, and when this was taken from it. */
  readonly startedAt: number
  readonly takenAt: number
  /** How many older transitions no longer fit. */
  readonly dropped: number
  readonly about: RecordedOptions
  /** Oldest first. */
  readonly transitions: readonly RecordedTransition[]
}

/** The options of the session that matter for what to do about it. */
export interface RecordedOptions {
  readonly refreshTiming: 'eager' | 'always' | 'onUse'
  readonly signInHint?: string
  readonly clientId?: string
  readonly dynamicallyRegistered?: boolean
}

/** One transition: what happened, and the state of the session after it. */
export interface RecordedTransition {
  readonly time: number
  /** What happened, as the chart names it; `recording.started` for the state at that time. */
  readonly event: string
  /** The chart's state after it, as XState writes it. */
  readonly state: RecordedState
  readonly generation: number
  /** Why refreshing fails, and when it is tried next. */
  readonly code?: TransientCode
  readonly retryAt?: number
  /** The authorization server's own short words, and whether they may mean that the sign-in is over. */
  readonly serverWords?: string
  readonly mayBeOver?: boolean
  /** How often in a row it has failed. */
  readonly failures?: number
  /** Why the session ended, and the server's word for it if it sent one. */
  readonly reason?: EndReason
  readonly serverCode?: string
  /** The origins that reject each new token, and so start no refresh for now. */
  readonly rejectedBy?: readonly string[]
  /** How a request ended, and at which origin. */
  readonly outcome?: string
  readonly origin?: string
  readonly status?: number
  /** It happened this often in a row, the last time at `until`. */
  readonly times?: number
  readonly until?: number
}

/** A state by its name; with the states in it, by region where there are several. */
export type RecordedState = string | { readonly [name: string]: RecordedState }

/** How much is recorded. */
export interface RecordSessionOptions {
  /** How many transitions are kept, the last ones. Default 200. */
  readonly limit?: number
}

/** A recording that goes on. */
export interface SessionRecorder {
  /** The recording up to now. */
  getRecording(): SessionRecording
  /** Stops recording; what was recorded stays. */
  stop(): void
}

const positiveInteger = ruleOf('a positive integer', (value) => Number.isSafeInteger(value) && (value as number) > 0)

/**
 * Records the last transitions of a session: time, event, state, generation and codes. It holds no secret and costs
 * nothing while nothing happens, as with each use of a fresh token. What repeats itself is counted.
 *
 * @throws TypeError when there is no session, ConfigurationError when the limit is not a positive integer
 * @example
 * const recorder = recordSession(session)
 * session.on('ended', () => report(explainRecording(recorder.getRecording()).text))
 */
export function recordSession(session: Session, options: RecordSessionOptions = {}): SessionRecorder {
  const actor = actorOf(session)
  checkOptions(options, { limit: positiveInteger })
  const { limit = 200 } = options
  const startedAt = timeOf(actor)
  const about = describeOptions(actor.getSnapshot())
  const ring = createRing(limit)
  ring.add(describeTransition({ type: 'recording.started' }, actor.getSnapshot(), startedAt))
  const stop = observeActor(actor, {
    name: 'the recorder',
    next(message) {
      if (message.type === '@xstate.snapshot') {
        const { event, snapshot } = message
        ring.add(describeTransition(event, snapshot as ChartSnapshot, timeOf(actor)))
      }
    },
  })
  return {
    getRecording: () => ({ format: 1, startedAt, takenAt: timeOf(actor), about, ...ring.content() }),
    stop,
  }
}

type ChartSnapshot = ReturnType<SessionActor['getSnapshot']>

function describeOptions({ context }: ChartSnapshot): RecordedOptions {
  const { refreshTiming, signInHint, clientId, dynamicallyRegistered } = context.settings
  return withoutUndefined({ refreshTiming, signInHint, clientId, dynamicallyRegistered })
}

type RecordedEvent = ActorMessage['event'] & Pick<RecordedTransition, 'outcome' | 'origin' | 'status'>

function describeTransition(event: RecordedEvent, { value, context }: ChartSnapshot, time: number): RecordedTransition {
  const { token, failure, failures, end, rejections } = context
  const rejectedBy = rejections && pausingOrigins(rejections, time)
  const { type, outcome, origin, status } = event
  return withoutUndefined({
    time,
    event: type,
    state: value as RecordedState,
    generation: token.generation,
    code: failure?.code,
    retryAt: failure?.retryAt,
    serverWords: failure?.serverWords,
    mayBeOver: failure?.mayBeOver,
    failures: failure && failures,
    reason: end?.reason,
    serverCode: end?.serverCode,
    rejectedBy: rejectedBy?.length ? rejectedBy : undefined,
    outcome,
    origin,
    status,
  })
}

/** The last transitions. */
function createRing(limit: number) {
  const entries: RecordedTransition[] = []
  let dropped = 0
  return {
    add(transition: RecordedTransition) {
      const last = entries.at(-1)
      if (isIdleHint(last, transition)) return
      if (last !== undefined && isRepetition(last, transition)) {
        entries[entries.length - 1] = { ...last, times: (last.times ?? 1) + 1, until: transition.time }
        return
      }
      entries.push(transition)
      if (entries.length > limit) dropped += entries.splice(0, entries.length - limit).length
    },
    content: () => ({ dropped, transitions: [...entries] }),
  }
}

/** A hint that changes nothing says nothing: what is read then is an event of its own. */
function isIdleHint(last: RecordedTransition | undefined, transition: RecordedTransition): boolean {
  return transition.event === 'store.changed' && JSON.stringify(last?.state) === JSON.stringify(transition.state)
}

function isRepetition(last: RecordedTransition, next: RecordedTransition): boolean {
  return JSON.stringify(withoutTimes(last)) === JSON.stringify(withoutTimes(next))
}

function withoutTimes({ time, times, until, ...rest }: RecordedTransition) {
  return rest
}
