import type { EndReason, TransientCode } from '../errors/codes.ts'
import type { StepUpChallenge } from '../policy/classify-response.ts'
import type { Rejection, Rejections } from '../policy/rejections.ts'

/**
 * All that can happen to a session, as past facts. Metadata only: a token is known by its generation.
 *
 * All times are milliseconds since the epoch.
 */
export type SessionEvent =
  // What the record says.
  | { readonly type: 'record.signedIn'; readonly token: TokenFacts }
  | { readonly type: 'record.ended'; readonly token: TokenFacts; readonly end: EndFacts }
  /** `underLease`: found by the refresh under way, and so not a tombstone that this session has begun anew after. */
  | { readonly type: 'record.signedOut'; readonly generation: number; readonly underLease?: boolean }
  | { readonly type: 'record.absent'; readonly now: number }
  | ({ readonly type: 'record.unavailable' } & FailureFacts)
  /** The store hints that the record may have changed. */
  | { readonly type: 'store.changed' }
  // Time and network.
  /** The device woke up, or the page is shown again. */
  | { readonly type: 'clock.resumed'; readonly now: number }
  | { readonly type: 'network.online'; readonly now: number }
  | { readonly type: 'network.offline' }
  | { readonly type: 'page.shown'; readonly now: number }
  | { readonly type: 'page.hidden' }
  // What callers want.
  /** A caller needs a token and the one there is will not do. `evenIfFresh`: it does not last long enough. */
  | { readonly type: 'token.requested'; readonly now: number; readonly evenIfFresh: boolean }
  | { readonly type: 'refresh.requested'; readonly now: number }
  /** `advice`: why it probably brought no refresh token. */
  | { readonly type: 'signIn.stored'; readonly token: TokenFacts; readonly advice?: string }
  | { readonly type: 'signOut.requested' }
  | { readonly type: 'signOut.stored'; readonly generation: number }
  /** Signed out here, though the store could not be told. */
  | { readonly type: 'signOut.failed'; readonly code: 'storeUnavailable' | 'storeLocked' }
  | RequestEnded
  // How the refresh under way goes.
  | { readonly type: 'lease.acquired' }
  | { readonly type: 'intent.written' }
  | { readonly type: 'tokens.issued' }
  | { readonly type: 'tokens.unstored'; readonly token: TokenFacts }
  | { readonly type: 'tokens.stored'; readonly token: TokenFacts; readonly now: number }
  | { readonly type: 'tokens.adopted'; readonly token: TokenFacts }
  | ({ readonly type: 'refresh.failed' } & FailureFacts)
  /** Nothing was sent: the origin that rejected the token rejects every token. */
  | { readonly type: 'refresh.paused'; readonly rejections: Rejections | undefined }
  | { readonly type: 'refresh.cancelled' }
  | { readonly type: 'session.ended'; readonly token: TokenFacts; readonly end: EndFacts }

/** What may be known of a token set outside the vault. */
export interface TokenFacts {
  readonly generation: number
  /** Random per sign-in. */
  readonly signInId: string
  /** Whether there is an access token at all: an end may have erased it. */
  readonly held: boolean
  /** Whether another set can be had with it: it has a refresh token, or the grant needs none. */
  readonly refreshable: boolean
  readonly receivedAt: number
  readonly expiresAt?: number
  readonly refreshDueAt?: number
  /** The token set was unusable on arrival: not before this time again. */
  readonly retryAt?: number
  /** When the refresh token expires, so far as the server has said. */
  readonly signInExpiresAt?: number
  /** When that is to be told. */
  readonly signInExpiringAt?: number
  /** The origins that keep rejecting access tokens, as the record knows them. */
  readonly rejections?: Rejections
}

/** The end of a session. */
export interface EndFacts {
  readonly reason: EndReason
  readonly endedAt: number
  readonly serverCode?: string
  /** `false` where the store could not be told. */
  readonly stored?: boolean
}

/** A refresh, or a reading of the store, that failed for a reason that passes. */
export interface FailureFacts {
  readonly code: TransientCode
  readonly now: number
  readonly retryAt: number
  /** The server asked for that time: nothing may shorten it. */
  readonly serverAsked?: boolean
  readonly refusedWithoutReason?: boolean
  /** The server's own short words. */
  readonly serverWords?: string
  /** The server has refused more than once with what may mean the end. */
  readonly mayBeOver?: boolean
  /** The store answers, but not with a record that this version understands. */
  readonly unreadable?: boolean
}

/** What became of a request that carried a token. */
export interface RequestEnded {
  readonly type: 'request.ended'
  readonly outcome: 'accepted' | 'rejected' | 'rejectedAfterRefresh' | 'stepUpRequired' | 'networkFailed'
  readonly generation: number
  readonly origin: string
  readonly now: number
  /** HTTP status; absent when there was no response. */
  readonly status?: number
  /** What is known of the rejection. Only with `rejected`. */
  readonly rejection?: Rejection
  /** What a step-up is to bring. Only with `stepUpRequired`. */
  readonly challenge?: StepUpChallenge
}
