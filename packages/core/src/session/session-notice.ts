import type { EndReason, TransientCode } from '../errors/codes.ts'
import type { StepUpChallenge } from '../policy/classify-response.ts'

/**
 * What a session tells its app, each once per cause and not once per call. Metadata only.
 *
 * All times are milliseconds since the epoch.
 */
export type SessionNotice =
  /** New tokens, got by this holder. */
  | { readonly type: 'refreshed'; readonly generation: number; readonly expiresAt?: number }
  /** New tokens, got by another tab or process. */
  | { readonly type: 'adopted'; readonly generation: number; readonly expiresAt?: number }
  /** Refreshing began to fail, or fails for another reason than before; said again only after a recovery. */
  | {
      readonly type: 'refreshFailed'
      readonly code: TransientCode
      readonly retryAt?: number
      /** What the server said, with `refused`: short, and without secrets. */
      readonly serverWords?: string
    }
  /** Refreshing works again. */
  | { readonly type: 'recovered'; readonly generation: number }
  | EndedNotice
  | { readonly type: 'signedIn'; readonly generation: number; readonly expiresAt?: number }
  | { readonly type: 'signedOut' }
  /** New tokens could not be stored yet; they are served from memory, and a crash now would lose the session. */
  | { readonly type: 'unstored'; readonly generation: number }
  | { readonly type: 'stored'; readonly generation: number }
  /** The session is over, and the store could not be told: other holders will find out by themselves. */
  | { readonly type: 'endNotStored'; readonly reason: EndReason }
  /** A resource server wants more than a fresh token: a stronger or newer sign-in, or a wider scope. */
  | {
      readonly type: 'stepUpRequired'
      readonly origin: string
      readonly status?: number
      /** What the sign-in is to bring, if the server said so. */
      readonly challenge?: StepUpChallenge
    }
  /** A resource server rejected a token right after it was refreshed; its rejections cause no refresh for some time. */
  | {
      readonly type: 'rejectedAfterRefresh'
      readonly origin: string
      readonly status?: number
      readonly generation: number
    }
  /** The token endpoint has refused five times over ten minutes, in JSON and without a word we know: the sign-in may be over. */
  | { readonly type: 'refusedWithoutReason'; readonly serverWords?: string; readonly advice: string }
  /** A sign-in brought no refresh token, though the grant needs one: the session will end with its access token. */
  | { readonly type: 'refreshTokenMissing'; readonly expiresAt?: number; readonly advice: string }
  /** Tokens that are no longer used could not be revoked; they expire by themselves. */
  | {
      readonly type: 'revocationFailed'
      /**
       * `noRevocationEndpoint`: the server has none; said once. `recordUnreadable`: they could not be read, and were
       * replaced.
       */
      readonly code?: 'noRevocationEndpoint' | 'recordUnreadable'
    }
  /** The store gives no hints of changes by other holders: it is looked at every few seconds instead. */
  | { readonly type: 'storeUnwatched' }
  /** The sign-in itself ends soon, and no refresh helps: the user will have to sign in again. */
  | { readonly type: 'signInExpiring'; readonly signInExpiresAt: number }
  /** The stored record is not one that this version understands; it was not changed. */
  | { readonly type: 'recordUnreadable' }

/** The session is over. */
export interface EndedNotice {
  readonly type: 'ended'
  readonly reason: EndReason
  readonly endedAt: number
  /** The authorization server's `error`, if it sent one (RFC 6749, section 5.2). */
  readonly serverCode?: string
  /** The client it refused. Only with `clientRejected`. */
  readonly clientId?: string
  /** What to do about it, in a sentence. */
  readonly advice: string
}
