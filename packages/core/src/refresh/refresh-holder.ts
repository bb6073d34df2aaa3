import type { Clock } from '../clock/clock.ts'
import type { TransientCode } from '../errors/codes.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { SessionStore } from '../store/session-store.ts'
import type { ClassifyFailure } from '../token/failure-facts.ts'
import type { Grant, GrantDebugEntry } from '../token/grant.ts'
import type { TokenSet } from '../token/token-set.ts'
import type { RefreshDecisionEntry } from './debug-entry.ts'

/** What a refresh needs of whoever has the session open. */
export interface RefreshHolder {
  readonly key: string
  /** Random, one per holder; written into intents. */
  readonly holder: string
  readonly store: SessionStore
  readonly grant: Grant
  readonly clock: Clock
  /** A number from 0 up to 1. */
  random(): number
  /** New and random each time. */
  createId(): string
  /** Aborts when nobody is interested any more: it ends the wait for the lease, and nothing after the intent. */
  readonly interest: AbortSignal
  /** Aborts when the holder goes away for good: a request under way is given up, its intent stays behind. */
  readonly abandonment: AbortSignal
  /** Aborts when the holder is gone: nobody waits for the store any more. */
  readonly stopped: AbortSignal
  isOnline(): boolean
  /** How many refreshes in a row have failed here: for failures that no record can count. */
  failuresInARow(): number
  /** The highest generation this holder has ever had. */
  highestGeneration(): number
  /** Revokes tokens that belong to nobody, in the background; a failure becomes a notice. */
  revoke(tokenSet: TokenSet): void
  /** Tells the chart how far the refresh has come. Never throws. */
  report(step: RefreshStep): void
  debug(entry: GrantDebugEntry | RefreshDecisionEntry): void
  readonly classifyFailure?: ClassifyFailure | undefined
  readonly giveUpAfterMilliseconds?: number | undefined
}

/** How far a refresh has come: metadata only. */
export type RefreshStep =
  | { readonly type: 'lease.acquired' }
  /** Of which sign-in: a session that needs none has begun anew, perhaps. */
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
  /** Somebody else's new tokens. */
  | { readonly kind: 'adopted'; readonly record: SessionRecord }
  /** Signed out, ended by somebody else, or gone. */
  | { readonly kind: 'followed'; readonly record: SessionRecord | undefined }
  | RefreshFailure
  /** Over. `stored` is false when the store could not be told. */
  | { readonly kind: 'ended'; readonly record: SessionRecord; readonly stored: boolean }
  /** Nobody was interested any more before anything was sent. */
  | { readonly kind: 'cancelled' }

/** A refresh that failed for a reason that passes. */
export interface RefreshFailure {
  readonly kind: 'failed'
  readonly code: TransientCode
  /** When the next try is due, in milliseconds since the epoch. */
  readonly retryAt: number
  /** The server asked for that time: nothing may shorten it. */
  readonly serverAsked: boolean
  /** The server has been refusing without a reason for an hour. */
  readonly refusedWithoutReason?: boolean
  /** The record as it is now, where it is known. */
  readonly record?: SessionRecord
}
