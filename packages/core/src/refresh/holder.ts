import type { Clock } from '../clock/clock.ts'
import type { TransientCode } from '../errors/codes.ts'
import { backoffDelay } from '../policy/backoff.ts'
import type { RefreshPrompt } from '../policy/choose-record.ts'
import type { Rejections } from '../policy/rejections.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { SessionStore } from '../store/session-store.ts'
import type { ClassifyFailure } from '../token/failure-facts.ts'
import type { Grant, GrantDebugEntry } from '../token/grant.ts'
import type { TokenSet } from '../token/token-set.ts'

/** What the app has said about refreshing. */
export interface RefreshOptions {
  readonly classifyFailure?: ClassifyFailure | undefined
  readonly giveUpAfterMilliseconds?: number | undefined
  /** A number from 0 up to 1. */
  random(): number
}

/** What a refresh needs of the session that it is for. */
export interface RefreshHolder {
  readonly key: string
  /** Random, one per holder; written into intents. */
  readonly holderId: string
  readonly store: SessionStore
  readonly grant: Grant
  readonly clock: Clock
  readonly options: RefreshOptions
  /** Aborts when the holder goes away for good: a request under way is given up, its intent stays behind. */
  readonly abandonment: AbortSignal
  /** The holder is gone: it waits for the store no longer. */
  readonly isStopped: boolean
  /** Calls back when the holder is gone. Returns how to undo that. */
  onStopped(callback: () => void): () => void
  /** How many refreshes in a row have failed here: for failures that no record can count. */
  readonly failuresInARow: number
  /** For how long, in milliseconds. */
  readonly failingMilliseconds: number
  /** The record that the tokens held here came with, the tombstone of a sign-out, or the end. */
  readonly knownRecord: SessionRecord | undefined
  /** What this holder has written last: it need not read that after a hint. Empty where it is not known. */
  writtenRevision?: string
  /** The highest generation this holder has ever had. */
  readonly highestGeneration: number
  /** Origins whose run of rejections has ended, as this holder saw, with the last generation that was rejected in it. */
  readonly endedRuns: ReadonlyMap<string, number>
  /** New and random each time. */
  createId(): string
  /** Since when the device has said that it has no network, in milliseconds since the epoch. */
  readonly offlineSince: number | undefined
  /** Revokes tokens that belong to no session, in the background; a failure becomes a notice. */
  revoke(tokenSet: TokenSet): void
  debug(entry: GrantDebugEntry | RefreshDecisionEntry): void
}

/** One refresh: what prompted it, and how its holder follows it. */
export interface Refresh {
  readonly holder: RefreshHolder
  readonly prompt: RefreshPrompt
  /** Aborts when nothing waits for it any more: it ends the wait for the lease, and nothing after the intent. */
  readonly interest: AbortSignal
  /** Tells the holder how far the refresh has come. Never throws. */
  report(step: RefreshStep): void
}

/** How far a refresh has come: metadata, but for records. */
export type RefreshStep =
  | { readonly type: 'lease.acquired' }
  | { readonly type: 'intent.written'; readonly signInId: string }
  | { readonly type: 'tokens.issued' }
  /** Issued, served from memory, and not yet stored. */
  | { readonly type: 'tokens.unstored'; readonly record: SessionRecord }
  /** What this refresh came to, while the store cannot be told: the lease is kept until it can. */
  | { readonly type: 'outcome.unwritten'; readonly outcome: RefreshOutcome }

/** What a refresh came to. Holds records, and so secrets: the chart gets a digest. */
export type RefreshOutcome =
  /** New tokens, stored. */
  | { readonly kind: 'refreshed'; readonly record: SessionRecord }
  /** Another holder's new tokens. */
  | { readonly kind: 'adopted'; readonly record: SessionRecord }
  /** Signed out, ended by another holder, or gone. */
  | { readonly kind: 'followed'; readonly record: SessionRecord | undefined }
  /** Nothing was sent: the origin that rejected the token rejects every token. */
  | { readonly kind: 'paused'; readonly rejections: Rejections | undefined }
  | RefreshFailure
  /** Over. `stored` is false when the store could not be told. */
  | { readonly kind: 'ended'; readonly record: SessionRecord; readonly stored: boolean }
  /** Nothing waited for it any more before anything was sent. */
  | { readonly kind: 'cancelled' }

/** A refresh that failed for a reason that passes. */
export interface RefreshFailure {
  readonly kind: 'failed'
  readonly code: TransientCode
  /** When the next try is due, in milliseconds since the epoch. */
  readonly retryAt: number
  /** The server asked for that time: nothing may shorten it. */
  readonly serverAsked: boolean
  /** The server has been refusing without a reason for long. */
  readonly refusedWithoutReason?: boolean
  /** The server's own short words: without secrets, printable. */
  readonly serverWords?: string
  /** The server has refused more than once with what may mean the end. */
  readonly mayBeOver?: boolean
}

/** A failure that is this holder's alone (no store, no network, no lease): nothing is written about it. */
export function failLocally(
  code: TransientCode,
  holder: Pick<RefreshHolder, 'clock' | 'options' | 'failuresInARow' | 'failingMilliseconds'>,
): RefreshFailure {
  const delay = backoffDelay(holder.failuresInARow + 1, holder.options.random(), holder.failingMilliseconds)
  return { kind: 'failed', code, retryAt: holder.clock.now() + delay, serverAsked: false }
}

/** What a refresh decided, and on which token set. */
export interface RefreshDecisionEntry {
  readonly type: 'decision'
  /**
   * What was decided: under the lease (`request`, `adopt`, `follow`, `wait`, `pause`, `end`), about an answer (`issued`,
   * `ended`, `transient`, `unknown`, or `leaseLost` where it was not sent), or to send the same token again (`replay`).
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
