import type { TransientCode } from '../errors/codes.ts'
import type { GrantDebugEntry } from '../token/grant.ts'

/** What a refresh decided, and on which token set. */
export interface RefreshDecisionEntry {
  readonly type: 'decision'
  /**
   * What was decided: under the lease (`request`, `adopt`, `follow`, `wait`, `backOff`, `end`), about an answer (`issued`,
   * `ended`, `transient`, `unknown`), or to send the same token again (`replay`).
   */
  readonly decision: string
  readonly generation?: number
  readonly code?: TransientCode | string
  /** When the next try is due, in milliseconds since the epoch. */
  readonly retryAt?: number
}

/** An entry of `createSession({ debug })`: redacted facts of a token request, or a decision. Safe to log. */
export type SessionDebugEntry = (GrantDebugEntry | RefreshDecisionEntry) & {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The session's key. */
  readonly key: string
}
