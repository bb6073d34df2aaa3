import type { Failure } from './describe-error.ts'

/** The state of the heartbeats so far. */
export interface Pulse {
  readonly state: 'unknown' | 'ok' | 'failing'
  /** Failures in a row, and when the first one was. */
  readonly failures: number
  readonly failingSince: number
  /** The codes that were said since the last success: each once, even if they alternate. */
  readonly told: readonly string[]
}

/** Before the first heartbeat. */
export const noPulse: Pulse = { state: 'unknown', failures: 0, failingSince: 0, told: [] }

/** News for a line of output. */
export type PulseChange =
  | { readonly state: 'ok'; readonly failures?: number; readonly afterMilliseconds?: number }
  | { readonly state: 'failing'; readonly failure: Failure }

/** What to do after a heartbeat. */
export interface PulseDecision {
  readonly pulse: Pulse
  /** Only if something has changed. */
  readonly change?: PulseChange
  /** Until the next one, in milliseconds. */
  readonly delayMilliseconds: number
}

/** The longest pause between failing heartbeats, unless the pace itself is slower. */
const longestPause = 5 * 60 * 1000

/**
 * Decides what follows from a heartbeat: what is said, and how long the pause is. Each failure doubles it, with jitter
 * (`random`, 0 up to 1), and it lasts at least until the time at which the next try can succeed.
 */
export function followBeat(
  pulse: Pulse,
  failure: Failure | undefined,
  { everyMilliseconds, now, random }: { everyMilliseconds: number; now: number; random: number },
): PulseDecision {
  if (failure === undefined) {
    const { state, failures, failingSince } = pulse
    const recovery = state === 'failing' ? { failures, afterMilliseconds: now - failingSince } : {}
    const change: PulseChange | undefined = state === 'ok' ? undefined : { state: 'ok', ...recovery }
    return { pulse: { ...noPulse, state: 'ok' }, delayMilliseconds: everyMilliseconds, change }
  }
  const { failures: before, told } = pulse
  const failures = before + 1
  const failingSince = before === 0 ? now : pulse.failingSince
  // Another status of the API is news.
  const code = `${failure.code} ${failure.facts?.status ?? ''}`
  const isTold = told.includes(code)
  // From half the pause to all of it.
  const pause =
    (Math.min(everyMilliseconds * 2 ** failures, Math.max(longestPause, everyMilliseconds)) * (1 + random)) / 2
  const untilRetry = Math.min(Number(failure.facts?.retryAt ?? now) - now, longestPause)
  return {
    pulse: { state: 'failing', failures, failingSince, told: isTold ? told : [...told, code] },
    delayMilliseconds: Math.max(pause, untilRetry),
    change: isTold ? undefined : { state: 'failing', failure },
  }
}
