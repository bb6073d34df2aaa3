import type { AccessToken } from '../token/access-token.ts'
import type { RequestOutcome } from '../token/request-outcome.ts'

/** What the HTTP layer needs of a session. */
export interface RequestPort {
  /** The current access token while it is fresh: no I/O, no event. `undefined` sends the caller to `getAccessToken`. */
  peekAccessToken(): AccessToken | undefined
  /**
   * A usable access token, refreshed first if need be.
   * @throws the signal's reason, or the `SessionError` that says why there is none
   */
  getAccessToken(options?: {
    signal?: AbortSignal | undefined
    minimumValidityMilliseconds?: number
  }): Promise<AccessToken>
  /** Feeds what became of a request into the chart. Never throws. */
  reportOutcome(outcome: RequestOutcome): void
  /** Whether this origin has refused this generation right after the refresh that was made for it. */
  isRefusedAfterRefresh(origin: string, generation: number): boolean
  /** Remembers the `DPoP-Nonce` that came from a URL for the next proofs; `null` for a response without one. */
  rememberNonce(url: string, nonce: string | null): void
  /** Milliseconds since the epoch, by the session's clock. */
  now(): number
  /** Origins (`https://api.example`) that may get the token. */
  readonly allowedOrigins: Iterable<string>
  /** The header that carries the token, default `Authorization`. */
  readonly header: string
  /** The scheme before the token, default the token's type; empty for a bare token. */
  readonly scheme: string | undefined
  /** Statuses besides 401 that mean "this token is rejected". */
  readonly rejectedStatuses: ReadonlySet<number>
}
