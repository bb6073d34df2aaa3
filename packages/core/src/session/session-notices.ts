import type { EndReason, TransientCode } from '../errors/codes.ts'

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
  | { readonly type: 'refreshFailed'; readonly code: TransientCode; readonly retryAt?: number }
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
  | { readonly type: 'stepUpRequired'; readonly origin: string; readonly status?: number }
  /** A resource server refused a token right after it was refreshed; its requests cause no further refresh of it. */
  | {
      readonly type: 'rejectedAfterRefresh'
      readonly origin: string
      readonly status?: number
      readonly generation: number
    }
  /** The token endpoint has been answering with a bare 400 for an hour: probably the session is over. */
  | { readonly type: 'refusedWithoutReason' }
  /** A sign-in brought no refresh token, though the grant needs one: the session will end with its access token. */
  | { readonly type: 'refreshTokenMissing'; readonly expiresAt?: number; readonly advice: string }
  /** Tokens that nobody uses any more could not be revoked; they end by themselves. */
  | { readonly type: 'revocationFailed' }
  /** What the store holds is no session that this version understands; it was left as it is. */
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

/** What to do about an end: for the user, or for the operator where the client is at fault. */
export function adviseOnEnd(
  reason: EndReason,
  facts: {
    signInHint?: string | undefined
    dynamicallyRegistered?: boolean | undefined
    needsSignIn?: boolean | undefined
  },
): string {
  const signIn = facts.signInHint ?? 'sign in again'
  switch (reason) {
    case 'clientRejected':
      return facts.dynamicallyRegistered === true
        ? 'The authorization server no longer knows this client: register it again, then refresh.'
        : 'For the operator: check the issuer, the client id, its authentication and its allowed grant types, then refresh.'
    case 'grantRejected':
      if (facts.needsSignIn === false) return 'For the operator: check what the client may ask for, then refresh.'
      return `Only a new sign-in helps: ${signIn}.`
    case 'requestRejected':
      return `The authorization server calls the refresh invalid: ${signIn}; if that does not help, check the request.`
    case 'unreachable':
      return `Check the network and the authorization server, then refresh, or ${signIn}.`
    default:
      return `Only a new sign-in helps: ${signIn}.`
  }
}

/** What to do about a sign-in without a refresh token, where the sign-in itself does not say it more exactly. */
export const refreshTokenMissingAdvice =
  'Ask for the scope `offline_access` (with `prompt=consent`), and allow the client the `refresh_token` grant.'
