import { ConfigurationError } from '../errors/configuration-error.ts'
import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import type { Session } from '../session/session.ts'
import type { SessionActor } from '../session/session-core.ts'
import { type ActorMessage, actorOf, observeActor, timeOf } from './observe-actor.ts'
import type { RecordedOptions, RecordedState, RecordedTransition, SessionRecording } from './session-recording.ts'

type ChartSnapshot = ReturnType<SessionActor['getSnapshot']>

/** How much is recorded. */
export interface RecordSessionOptions {
  /** So many transitions are kept, the last ones. Default 200. */
  readonly limit?: number
}

/** A recording that goes on. */
export interface SessionRecorder {
  /** What there is of it up to now. */
  getRecording(): SessionRecording
  /** Records no more; what there is stays. */
  stop(): void
}

/**
 * Records the last transitions of a session: time, event, state, generation and codes. Holds no secret, and costs nothing
 * where nothing happens, as with each use of a fresh token.
 *
 * What repeats itself, such as callers who ask while nothing can be had, is counted and not repeated.
 *
 * @throws TypeError when there is no session, ConfigurationError when the limit is no positive integer
 * @example
 * const recorder = recordSession(session)
 * session.on('ended', () => report(explainRecording(recorder.getRecording()).text))
 */
export function recordSession(session: Session, options: RecordSessionOptions = {}): SessionRecorder {
  const actor = actorOf(session)
  rejectUnknownOptions(options, { limit: true })
  const { limit = 200 } = options
  if (!(Number.isSafeInteger(limit) && limit > 0)) {
    throw new ConfigurationError('limit', 'must be a positive integer: how many transitions are kept.')
  }
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

function describeOptions({ context }: ChartSnapshot): RecordedOptions {
  const { refreshTiming, signInHint, clientId, dynamicallyRegistered } = context
  return {
    refreshTiming,
    ...(signInHint === undefined ? {} : { signInHint }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(dynamicallyRegistered === undefined ? {} : { dynamicallyRegistered }),
  }
}

type RecordedEvent = ActorMessage['event'] & { readonly origin?: string; readonly status?: number }

function describeTransition(event: RecordedEvent, { value, context }: ChartSnapshot, time: number): RecordedTransition {
  const { token, failure, failures, end } = context
  const { type, origin, status } = event
  return {
    time,
    event: type,
    state: value as RecordedState,
    generation: token.generation,
    ...(failure === undefined ? {} : { code: failure.code, retryAt: failure.retryAt, failures }),
    ...(end === undefined ? {} : { reason: end.reason }),
    ...(end?.serverCode === undefined ? {} : { serverCode: end.serverCode }),
    ...(origin === undefined ? {} : { origin }),
    ...(status === undefined ? {} : { status }),
  }
}

/** The last so many transitions. A token is judged in no time: what led to that is recorded with where it then led. */
function createRing(limit: number) {
  const entries: RecordedTransition[] = []
  let dropped = 0
  return {
    add(transition: RecordedTransition) {
      const last = entries.at(-1)
      if (isIdleHint(last, transition)) return
      if (last !== undefined && transition.event === 'clock.read' && isJudging(last.state)) {
        const { event, time, origin, status } = last
        const request = { ...(origin === undefined ? {} : { origin }), ...(status === undefined ? {} : { status }) }
        entries[entries.length - 1] = { ...transition, ...request, event, time }
      } else {
        entries.push(transition)
      }
      fold(entries)
      if (entries.length > limit) dropped += entries.splice(0, entries.length - limit).length
    },
    content: () => ({ dropped, transitions: [...entries] }),
  }
}

/** Makes one of the last two where they tell the same. */
function fold(entries: RecordedTransition[]): void {
  const [before, last] = entries.slice(-2)
  if (before === undefined || last === undefined || !isRepetition(before, last)) return
  entries.splice(-2, 2, { ...before, times: (before.times ?? 1) + 1, until: last.time })
}

/** A hint that leaves things as they are says nothing: what is read then is told by an event of its own. */
function isIdleHint(last: RecordedTransition | undefined, transition: RecordedTransition): boolean {
  return transition.event === 'store.changed' && JSON.stringify(last?.state) === JSON.stringify(transition.state)
}

function isJudging(state: RecordedState): boolean {
  return typeof state === 'object' && typeof state.signedIn === 'object' && state.signedIn.token === 'judging'
}

function isRepetition(before: RecordedTransition, last: RecordedTransition): boolean {
  if (before.event !== last.event || isJudging(last.state)) return false
  return JSON.stringify(withoutTimes(before)) === JSON.stringify(withoutTimes(last))
}

function withoutTimes({ time, times, until, ...rest }: RecordedTransition) {
  return rest
}
