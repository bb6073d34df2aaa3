import type { EndReason, TransientCode } from '../errors/codes.ts'

/**
 * Everything that can happen to a session, as past facts. Metadata only: a token is known by its generation.
 *
 * All times are milliseconds since the epoch.
 */
export type SessionEvent =
  // What the record says.
  | { readonly type: 'record.signedIn'; readonly token: TokenFacts }
  | { readonly type: 'record.ended'; readonly end: EndFacts; readonly token: TokenFacts }
  | { readonly type: 'record.signedOut'; readonly generation: number }
  | { readonly type: 'record.absent'; readonly now: number }
  | {
      readonly type: 'record.unavailable'
      readonly code: 'storeUnavailable' | 'storeLocked'
      readonly retryAt: number
      readonly now: number
      /** The store answers, but not with a record that this version understands. */
      readonly unreadable: boolean
    }
  /** The store hints that the record may have changed. */
  | { readonly type: 'store.changed' }
  // Time and network.
  | { readonly type: 'clock.read'; readonly now: number }
  /** The device woke up, or the page is shown again. */
  | { readonly type: 'clock.resumed'; readonly now: number }
  | { readonly type: 'network.online'; readonly now: number }
  | { readonly type: 'network.offline' }
  /** Somebody can see the page again; whatever happened meanwhile is told by `clock.resumed`. */
  | { readonly type: 'page.shown'; readonly now: number }
  | { readonly type: 'page.hidden' }
  // What callers want.
  /** Somebody needs a token and the one there is will not do. `evenIfFresh`: it does not last long enough. */
  | { readonly type: 'token.requested'; readonly now: number; readonly evenIfFresh: boolean }
  | { readonly type: 'refresh.requested'; readonly now: number }
  /** `advice`: why it probably brought no refresh token. */
  | { readonly type: 'signIn.stored'; readonly token: TokenFacts; readonly advice?: string }
  | { readonly type: 'signOut.requested' }
  | { readonly type: 'signOut.stored'; readonly generation: number }
  /** Signed out here, though the store could not be told. */
  | { readonly type: 'signOut.failed'; readonly code: 'storeUnavailable' | 'storeLocked' }
  // What became of requests.
  | (RequestFacts & { readonly type: 'token.rejected'; readonly now: number })
  | (RequestFacts & {
      readonly type:
        | 'request.accepted'
        | 'request.rejectedAfterRefresh'
        | 'request.stepUpRequired'
        | 'request.networkFailed'
    })
  // How the refresh under way goes.
  | { readonly type: 'lease.acquired' }
  | { readonly type: 'intent.written' }
  | { readonly type: 'tokens.issued' }
  | { readonly type: 'tokens.unstored'; readonly token: TokenFacts }
  | { readonly type: 'tokens.stored'; readonly token: TokenFacts; readonly now: number }
  | { readonly type: 'tokens.adopted'; readonly token: TokenFacts }
  | ({ readonly type: 'refresh.failed' } & FailureFacts)
  | {
      readonly type: 'refresh.refused'
      readonly end: EndFacts
      readonly token: TokenFacts
      /** Whether the store could be told. */
      readonly stored: boolean
    }
  | { readonly type: 'refresh.cancelled' }
  | { readonly type: 'revocation.failed' }

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
}

/** The end of a session. */
export interface EndFacts {
  readonly reason: EndReason
  readonly endedAt: number
  readonly serverCode?: string
}

/** A refresh that failed for a reason that passes. */
export interface FailureFacts {
  readonly code: TransientCode
  readonly now: number
  readonly retryAt: number
  /** The server asked for that time: nothing may shorten it. */
  readonly serverAsked: boolean
  readonly refusedWithoutReason: boolean
}

/** A request that carried the token of a generation. */
export interface RequestFacts {
  readonly generation: number
  readonly origin: string
  /** HTTP status; absent when there was no response. */
  readonly status?: number
}
