import { isSessionError, SessionError } from './session-error.ts'

/**
 * For an app's own refresh function to throw when its server refuses the refresh token: the session ends as
 * `grantRejected`. The library never throws it.
 */
export class RefreshRejectedError extends SessionError {
  override readonly name = 'RefreshRejectedError'
  readonly code = 'refreshRejected'
  readonly retryable = false
  /** What the server called it; shown to callers as `SessionEndedError.serverCode`. */
  declare readonly serverCode?: string

  constructor(rejection: { serverCode?: string } = {}, options?: ErrorOptions) {
    super('The refresh token was refused; sign in again.', options)
    if (rejection.serverCode !== undefined) this.serverCode = rejection.serverCode
  }
}

/** Whether an app's refresh function said that its server refused the refresh token. */
export function isRefreshRejectedError(error: unknown): error is RefreshRejectedError {
  return isSessionError(error) && error.name === 'RefreshRejectedError'
}
