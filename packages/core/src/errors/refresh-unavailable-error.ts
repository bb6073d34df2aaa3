import type { TransientCode } from './codes.ts'
import { isSessionError, SessionError } from './session-error.ts'

const explanations: Record<TransientCode, string> = {
  network: 'the authorization server could not be reached',
  offline: 'the device has no network',
  timeout: 'the refresh is taking longer than the caller wanted to wait, and goes on',
  server: 'the authorization server is in trouble',
  throttled: 'the authorization server asks for patience',
  blocked: 'something between here and the authorization server, such as a firewall, answered in its place',
  unknownOutcome: 'the connection ended before the authorization server had answered',
  leaseTimeout: 'another holder of the session has been refreshing it for too long',
  storeUnavailable: 'the store that keeps the session cannot be read or written',
  storeLocked: 'the keyring that keeps the session is locked',
  tokenUnusable: 'the authorization server gives tokens that are not accepted',
  refused: 'the authorization server refused, without saying that the session is over',
}

/**
 * There is no usable access token just now, and the session lives: try again at `retryAt`.
 *
 * Thrown to callers whose token is unusable while a refresh is failing; and by an app's own refresh function, to say
 * that the server has answered that it cannot now.
 */
export class RefreshUnavailableError extends SessionError {
  override readonly name = 'RefreshUnavailableError'
  readonly code: TransientCode
  readonly retryable = true
  /** When the next try is due, in milliseconds since the epoch; absent when that depends on something else. */
  declare readonly retryAt?: number

  constructor(failure: { code?: TransientCode; retryAt?: number | undefined } = {}, options?: ErrorOptions) {
    const code = failure.code ?? 'server'
    const when = failure.retryAt === undefined ? 'try again later' : `next try at ${toIsoTime(failure.retryAt)}`
    super(`No usable access token just now: ${explanations[code] ?? code}; ${when}.`, options)
    this.code = code
    if (failure.retryAt !== undefined) this.retryAt = failure.retryAt
  }
}

/** Whether the call failed for a reason that passes. */
export function isRefreshUnavailableError(error: unknown): error is RefreshUnavailableError {
  return isSessionError(error) && error.name === 'RefreshUnavailableError'
}

function toIsoTime(milliseconds: number): string {
  const date = new Date(milliseconds)
  return Number.isNaN(date.getTime()) ? String(milliseconds) : date.toISOString()
}
