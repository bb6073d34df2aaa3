import type { EndReason, TransientCode } from '../errors/codes.ts'

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

/** What about the session bears on what can be done for it. */
export interface RecordedOptions {
  readonly refreshTiming: 'eager' | 'onUse'
  readonly signInHint?: string
  readonly clientId?: string
  readonly dynamicallyRegistered?: boolean
}

/** One transition: what happened, and how the session was then. */
export interface RecordedTransition {
  readonly time: number
  /** What happened, as the chart names it; `recording.started` for how the session was then. */
  readonly event: string
  /** Where that led: the chart's state, as XState writes it. */
  readonly state: RecordedState
  readonly generation: number
  /** Why refreshing is failing, and when it is tried next. */
  readonly code?: TransientCode
  readonly retryAt?: number
  /** How often in a row it has failed. */
  readonly failures?: number
  /** Why the session is over, in the server's word as well if it sent one. */
  readonly reason?: EndReason
  readonly serverCode?: string
  /** The outcome of a request that this was about. */
  readonly origin?: string
  readonly status?: number
  /** It happened so often in a row, the last time at `until`. */
  readonly times?: number
  readonly until?: number
}

/** A state by its name; with the states in it, by region where there are several. */
export type RecordedState = string | { readonly [name: string]: RecordedState }
