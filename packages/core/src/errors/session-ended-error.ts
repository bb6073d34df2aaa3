import { type EndReason, reasonMeanings } from './codes.ts'
import { isSessionError, SessionError } from './session-error.ts'

/**
 * The session has ended and its access token is unusable; only a new sign-in helps. No network was used.
 *
 * What may pass is a `RefreshUnavailableError` instead.
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
    end: { reason: EndReason; endedAt: number; serverCode?: string; signInHint?: string },
    options?: ErrorOptions,
  ) {
    const { reason, signInHint = 'sign in again' } = end
    super(`The session has ended: ${reasonMeanings[reason] ?? reason}; ${signInHint}.`, options)
    this.reason = end.reason
    this.endedAt = end.endedAt
    if (end.serverCode !== undefined) this.serverCode = end.serverCode
    if (end.signInHint !== undefined) this.signInHint = end.signInHint
  }
}

/** Whether the call failed because the session has ended. */
export function isSessionEndedError(error: unknown): error is SessionEndedError {
  return isSessionError(error) && error.name === 'SessionEndedError'
}
