import { isSessionError, SessionError } from './session-error.ts'

/** There is no sign-in: there never was one, or the user signed out. No network was used. */
export class NotSignedInError extends SessionError {
  override readonly name = 'NotSignedInError'
  readonly code = 'notSignedIn'
  readonly retryable = false
  /** The app's own call to action, as given to `createSession`. */
  declare readonly signInHint?: string

  constructor(options?: ErrorOptions & { signInHint?: string }) {
    super(`Not signed in; ${options?.signInHint ?? 'sign in first'}.`, options)
    if (options?.signInHint !== undefined) this.signInHint = options.signInHint
  }
}

/** Whether the call failed because there is no sign-in. */
export function isNotSignedInError(error: unknown): error is NotSignedInError {
  return isSessionError(error) && error.name === 'NotSignedInError'
}
