import type { EndReason } from './codes.ts'
import { isSessionError, SessionError } from './session-error.ts'

const explanations: Record<EndReason, string> = {
  grantRejected: 'the authorization server no longer accepts its refresh token',
  requestRejected: 'the authorization server called the refresh request invalid',
  clientRejected: 'the authorization server refused the client',
  rotationLost: 'the answer to a refresh was lost, and with it the refresh token',
  noRefreshToken: 'it has no refresh token to get another access token with',
  identityMismatch: 'a refresh brought the tokens of somebody else',
  recordRemoved: 'its record was removed from the store',
  unreachable: 'the authorization server could not be reached for too long',
}

/**
 * The session is over and its access token unusable; only a new sign-in helps. No network was used.
 *
 * Not thrown for anything that may pass: that is `RefreshUnavailableError`.
 */
export class SessionEndedError extends SessionError {
  override readonly name = 'SessionEndedError'
  readonly code = 'sessionEnded'
  readonly retryable = false
  readonly reason: EndReason
  /** Milliseconds since the epoch. */
  readonly endedAt: number
  /** The authorization server's `error`, if it sent one (RFC 6749, section 5.2). */
  declare readonly serverCode?: string
  /** The app's own call to action, as given to `createSession`. */
  declare readonly signInHint?: string

  constructor(
    end: {
      reason: EndReason
      endedAt: number
      serverCode?: string | undefined
      signInHint?: string | undefined
    },
    options?: ErrorOptions,
  ) {
    super(
      `The session has ended: ${explanations[end.reason] ?? end.reason}; ${end.signInHint ?? 'sign in again'}.`,
      options,
    )
    this.reason = end.reason
    this.endedAt = end.endedAt
    if (end.serverCode !== undefined) this.serverCode = end.serverCode
    if (end.signInHint !== undefined) this.signInHint = end.signInHint
  }
}

/** Whether the call failed because the session is over. */
export function isSessionEndedError(error: unknown): error is SessionEndedError {
  return isSessionError(error) && error.name === 'SessionEndedError'
}
