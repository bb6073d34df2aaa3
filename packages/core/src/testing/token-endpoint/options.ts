import type { TokenSetInput } from '../../token/token-set.ts'

/** How a token endpoint of tests behaves while it does not fail. */
export interface TokenEndpointOptions {
  /** How long access tokens live, in seconds. Default 3600. */
  readonly expiresIn?: number
  /** For how long a spent refresh token gets the same answer once more, in milliseconds. Default 0: never. */
  readonly graceMilliseconds?: number
  /**
   * What id tokens say besides what they must. Default: `{ sub: 'alice' }` at a sign-in by redirect, no id token with
   * `signIn()`.
   */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** What befalls one token request. */
export type TokenEndpointFault =
  /** An answer in place of its own. `afterCommit`: though it has issued tokens. */
  | {
      readonly kind: 'answer'
      readonly status: number
      /** An object is sent as JSON. Default empty. */
      readonly body?: string | Readonly<Record<string, unknown>>
      readonly headers?: Readonly<Record<string, string>>
      /** In seconds, or a date as HTTP writes it. */
      readonly retryAfter?: number | string
      readonly afterCommit?: boolean
    }
  /** The connection ends without an answer, before or after tokens were issued. */
  | { readonly kind: 'cut'; readonly afterCommit?: boolean }
  /** Its own answer, but later. `afterCommit`: the tokens are issued before the wait. */
  | { readonly kind: 'delay'; readonly milliseconds: number; readonly afterCommit?: boolean }

/** What the token endpoint has seen. */
export interface TokenEndpointCounts {
  readonly requests: number
  /** Answers with tokens that it made, whether or not they arrived. */
  readonly issued: number
  /** `invalid_grant`. */
  readonly refused: number
  /** Refresh tokens that were spent already, and that no grace covered. */
  readonly reused: number
}

/** An authorization server of tests, without a network. */
export interface TokenEndpointAnswers {
  /** What its metadata says (RFC 8414, OpenID Connect Discovery 1.0). */
  readonly issuer: string
  readonly tokenEndpoint: string
  readonly counts: TokenEndpointCounts
  /**
   * The answer to a request to the issuer: metadata; a sign-in by redirect, which signs everyone in; the token
   * endpoint. A connection that is cut is `Response.error()`.
   */
  answer(request: Request): Promise<Response>
  /**
   * What an API answers to a request whose access token is missing, has expired or is taken back: 401 with a challenge.
   * `undefined` for a request that it takes.
   */
  rejection(request: Request): Response | undefined
  /** The tokens of a new sign-in, for `session.signIn`. */
  signIn(): TokenSetInput
  /**
   * Arms faults for the next token requests, one each, in this order.
   * @throws ConfigurationError for a fault that is malformed or not known
   */
  failNext(...faults: readonly TokenEndpointFault[]): void
  clearFaults(): void
  /** Ends every sign-in: the next refresh is answered `invalid_grant`. */
  revoke(): void
  /** Takes every access token back: `rejection` rejects those that there are. */
  revokeAccessTokens(): void
}

/** A token endpoint of tests that listens. Disposing of it closes it and its connections. */
export interface TokenEndpoint extends TokenEndpointAnswers, AsyncDisposable {}
