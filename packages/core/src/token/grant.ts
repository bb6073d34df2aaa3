import type { ProofKey, ProofMaker } from './proof.ts'
import type { ProviderTraits } from './provider-traits.ts'
import type { TokenSet, TokenSetInput } from './token-set.ts'

/**
 * How a session gets its next token set. `refreshTokenGrant` and `clientCredentialsGrant` of `@authchart/core/oauth`
 * make one, and so does a `RefreshFunction` of the app's own.
 *
 * A grant never throws and never retries: it makes one request and tells what came of it.
 */
export interface Grant {
  readonly identity: GrantIdentity
  /** Whether a refresh is impossible without a refresh token. */
  readonly needsRefreshToken: boolean
  /** Makes one token request for the next token set. */
  refresh(request: GrantRequest): Promise<GrantOutcome>
  /**
   * Makes one token request for the first token set: a grant that has this signs in by itself, without a user. Where it
   * is absent, a session begins with `session.signIn`.
   */
  signIn?(request: GrantRequest): Promise<GrantOutcome>
  /** Makes the key that tokens are bound to, and proofs of having it; absent for tokens without a key (RFC 9449). */
  readonly dpop?: ProofMaker
  /** What the authorization server and its API do in a way of their own, where the app does not say otherwise. */
  readonly provider?: Pick<ProviderTraits, 'classifyFailure' | 'refreshTokenAdvice' | 'http'>
  /**
   * Revokes a token at the authorization server.
   * @throws when the server could not be reached or refused; the caller turns that into a notice.
   * @see RFC 7009
   */
  revoke?(tokenSet: TokenSet, options: { signal: AbortSignal }): Promise<void>
  /**
   * Whether the authorization server answers at all, be it with an error: asks for its metadata, past every cache. Sends no
   * secret. Never throws.
   */
  isReachable?(options: { signal: AbortSignal }): Promise<boolean>
}

/** Whom the grant speaks for and to. Public facts, kept in the clear part of a record. */
export interface GrantIdentity {
  readonly issuer?: string
  readonly clientId?: string
  /** Whether the client was registered dynamically (RFC 7591), and so can be registered again by the app. */
  readonly dynamicallyRegistered?: boolean
}

/** What a grant gets to make its request from. */
export interface GrantRequest {
  readonly refreshToken?: string
  /** The token set being replaced: its scope and id token, for servers that want them. */
  readonly previous?: TokenSet
  /** The key that the token set being replaced is bound to (RFC 9449), and the next one will be. */
  readonly proofKey?: ProofKey
  /** Aborts when the request has been open for as long as it may be. Not the caller's signal. */
  readonly signal: AbortSignal
  /** Milliseconds since the epoch, by the session's clock. */
  readonly now: () => number
  /**
   * Whether the request may still be sent, to be asked right before that: `false` once the lease under which it is made
   * may be another holder's. Absent where nothing can take it away.
   */
  readonly mayStillBeSent?: () => boolean
  /** Takes redacted facts of the request and its response. */
  readonly debug?: (entry: GrantDebugEntry) => void
}

/** What one token request came to. */
export type GrantOutcome =
  | {
      readonly kind: 'issued'
      /** Its `accessToken` is empty where the server gave a new refresh token and no access token. */
      readonly tokenSet: TokenSetInput
      /** When the response arrived, in milliseconds since the epoch. */
      readonly receivedAt: number
      readonly idToken?: IdTokenVerdict
      /** The key that these tokens are bound to (RFC 9449): the request's, or a new one. */
      readonly proofKey?: ProofKey
    }
  | { readonly kind: 'failed'; readonly failure: TokenEndpointFailure }

/** What the id token of a token response says; its signature is not checked, the connection vouches for it. */
export type IdTokenVerdict =
  | { readonly valid: true; readonly issuer: string; readonly subject: string }
  /** It could be read, though it does not validate (expired, wrong audience): its subject and issuer still count. */
  | { readonly valid: false; readonly code: string; readonly issuer?: string; readonly subject?: string }

/** A token request that gave no token set: what was seen, without a secret and without a judgement. */
export type TokenEndpointFailure =
  /** The server answered with something that is not a token set. */
  | TokenEndpointAnswer
  /** No readable answer. `sent: 'no'` only where the request surely never reached the server. */
  | { readonly kind: 'transport'; readonly sent: 'no' | 'unknown'; readonly code?: string; readonly detail?: string }
  /** Nothing was sent, because the device says it has no network. */
  | { readonly kind: 'offline' }
  /** An app's own refresh function said so. */
  | { readonly kind: 'rejected'; readonly serverCode?: string }
  | TokenEndpointUnavailable

/**
 * There is a clear answer that tokens cannot be had now: from an app's own refresh function, or to a grant's request for
 * the server's metadata.
 */
export interface TokenEndpointUnavailable {
  readonly kind: 'unavailable'
  /** A `TransientCode`. */
  readonly code: string
  /** Milliseconds since the epoch. */
  readonly retryAt?: number
  /** A `Retry-After` header, as in an answer; where there is no `retryAt`. */
  readonly retryAfter?: string
  /** The token request was surely not sent, since it could not be prepared. */
  readonly sent?: 'no'
  /** What was asked and what came, in a few words, for logs; not a secret. */
  readonly detail?: string
}

/** An answer of the token endpoint that brought no tokens, without its secrets. */
export interface TokenEndpointAnswer {
  readonly kind: 'answer'
  /** HTTP status; 302 where a browser hides which redirect it was. */
  readonly status: number
  /** The `Retry-After` header: seconds, or a date where the server told no `Date` (RFC 9110, section 10.2.3). */
  readonly retryAfter?: string
  readonly contentType?: string
  /** All headers by their names in lower case; secrets and cookies removed. */
  readonly headers?: Readonly<Record<string, string>>
  /** There was no body at all. */
  readonly empty?: boolean
  /** The members of the body, if it was an object or form-encoded; secrets removed. */
  readonly body?: Readonly<Record<string, unknown>>
  /** The body could be read to its end. A cut or undecodable one says nothing about what the server did. */
  readonly complete: boolean
}

/** Redacted facts of a token request, for `createSession({ debug })`. */
export type GrantDebugEntry =
  | {
      readonly type: 'tokenRequest'
      readonly url: string
      readonly body: Readonly<Record<string, string>>
      /** Whether a proof went with it (RFC 9449). */
      readonly withProof?: true
    }
  | {
      readonly type: 'tokenResponse'
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly body?: Readonly<Record<string, unknown>>
      readonly durationMilliseconds: number
    }
  | {
      readonly type: 'tokenRequestFailed'
      readonly code: string
      /** Where the server's metadata could not be had: what was asked and what came. */
      readonly detail?: string
      readonly durationMilliseconds: number
    }

/**
 * A refresh of the app's own, for APIs such as `POST /api/refresh`.
 *
 * Gets the refresh token, returns the next token set. It throws `RefreshRejectedError` when the server has refused for
 * good and `RefreshUnavailableError` when it has answered that it cannot now; anything else it throws leaves the
 * outcome unknown, so it is tried again once. It must not call the session it refreshes.
 */
export type RefreshFunction = (request: {
  readonly refreshToken: string | undefined
  readonly signal: AbortSignal
}) => Promise<TokenSetInput>
