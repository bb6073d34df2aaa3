/** The result of a heartbeat. */
export type Beat = { readonly kind: 'ok' } | FailedBeat

/** A heartbeat that failed: `code` says why in a word, `text` in a sentence. */
export interface FailedBeat {
  readonly kind: 'failed'
  readonly code: string
  readonly text: string
  /** Whether only a new sign-in helps. */
  readonly isOver: boolean
  /** When the next try can succeed, in milliseconds since the epoch. */
  readonly retryAt?: number
}

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
  | { readonly type: 'ok' }
  | { readonly type: 'recovered'; readonly failures: number; readonly afterMilliseconds: number }
  | { readonly type: 'failing'; readonly code: string; readonly text: string; readonly isOver: boolean }

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
  beat: Beat,
  { everyMilliseconds, now, random }: { everyMilliseconds: number; now: number; random: number },
): PulseDecision {
  if (beat.kind === 'ok') {
    const next: Pulse = { ...noPulse, state: 'ok' }
    const { failures, failingSince } = pulse
    const recovered: PulseChange = { type: 'recovered', failures, afterMilliseconds: now - failingSince }
    const change: PulseChange | undefined =
      pulse.state === 'failing' ? recovered : pulse.state === 'unknown' ? { type: 'ok' } : undefined
    return { pulse: next, delayMilliseconds: everyMilliseconds, change }
  }
  const failures = pulse.failures + 1
  const isTold = pulse.told.includes(beat.code)
  const next: Pulse = {
    state: 'failing',
    failures,
    failingSince: pulse.state === 'failing' ? pulse.failingSince : now,
    told: isTold ? pulse.told : [...pulse.told, beat.code],
  }
  // From half the pause to all of it.
  const pause = Math.min(everyMilliseconds * 2 ** failures, Math.max(longestPause, everyMilliseconds))
  const delayMilliseconds = Math.max((pause * (1 + random)) / 2, Math.min((beat.retryAt ?? now) - now, longestPause))
  const { code, text, isOver } = beat
  return { pulse: next, delayMilliseconds, change: isTold ? undefined : { type: 'failing', code, text, isOver } }
}
