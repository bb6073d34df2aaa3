import { isObject } from '../errors/check-options.ts'
import type { TokenEndpointFailure } from './grant.ts'

/** What an app or a provider's preset sees of a failed token request, to say what it means. Holds no secret. */
export interface TokenEndpointFailureFacts {
  /**
   * `answer`: the server answered. `transport`: no readable answer. `offline`: nothing was sent. `rejected` and
   * `unavailable`: what the app's own refresh function threw.
   */
  readonly kind: TokenEndpointFailure['kind']
  /** HTTP status; only of an answer. */
  readonly status?: number
  /** The `Retry-After` header: seconds, or a date where the server told no `Date`. */
  readonly retryAfter?: string
  readonly contentType?: string
  /** The answer's other headers by their names in lower case, without cookies and credentials. */
  readonly headers?: Readonly<Record<string, string>>
  /** The members of the answer's body, if it was an object or form-encoded. */
  readonly body?: Readonly<Record<string, unknown>>
  /** The code of a failed connection, such as `ECONNRESET`, or what the app's own refresh function gave. */
  readonly code?: string
}

/**
 * What an app or a preset may say of a failure; `undefined` leaves the verdict as it is.
 *
 * - `grantRejected`: the refresh token is dead, the user has to sign in. The refresh token is kept all the same.
 * - `clientRejected`: the client is at fault, for the operator.
 * - `ended`: over, without a word about why (`requestRejected`).
 * - `transient`: it passes, though the answer looks like an end; with `retryAt` (milliseconds since the epoch) not
 *   before then.
 */
export type FailureOverride =
  | 'grantRejected'
  | 'clientRejected'
  | 'ended'
  | 'transient'
  | { readonly kind: 'transient'; readonly retryAt?: number }
  | undefined

/**
 * Says what a failure of a token endpoint means where the general rules do not know.
 *
 * @example
 * const classifyFailure: ClassifyFailure = ({ status, body }) => {
 *   if (status === 400 && body?.error === 'quota_exceeded') return { kind: 'transient', retryAt: Date.now() + 600_000 }
 *   if (body?.reason === 'session_gone') return 'grantRejected'
 * }
 */
export type ClassifyFailure = (failure: TokenEndpointFailureFacts) => FailureOverride

const overrides: readonly unknown[] = ['grantRejected', 'clientRejected', 'ended', 'transient']

/** What a `classifyFailure` answered, if it is an answer; anything else counts as none. */
export function readFailureOverride(answer: unknown): FailureOverride {
  if (overrides.includes(answer)) return answer as FailureOverride
  return isObject(answer) && answer.kind === 'transient' ? (answer as unknown as FailureOverride) : undefined
}
