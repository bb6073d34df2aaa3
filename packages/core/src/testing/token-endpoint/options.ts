import type { TokenSetInput } from '../../token/token-set.ts'

/** How a token endpoint of tests behaves while it does not fail. */
export interface TokenEndpointOptions {
  /** How long access tokens live, in seconds. Default 3600. */
  readonly expiresIn?: number
  /** For how long a spent refresh token gets the same answer once more, in milliseconds. Default 0: never. */
  readonly graceMilliseconds?: number
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

/** A token endpoint of tests. Disposing of it closes it and its connections. */
export interface TokenEndpoint extends AsyncDisposable {
  /** What its metadata says (RFC 8414, OpenID Connect Discovery 1.0). */
  readonly issuer: string
  readonly tokenEndpoint: string
  readonly counts: TokenEndpointCounts
  /** The tokens of a new sign-in, for `session.signIn`. */
  signIn(): TokenSetInput
  /** Arms faults for the next token requests, one each, in this order. */
  failNext(...faults: readonly TokenEndpointFault[]): void
  clearFaults(): void
  /** Ends every sign-in: the next refresh is answered `invalid_grant`. */
  revoke(): void
}
