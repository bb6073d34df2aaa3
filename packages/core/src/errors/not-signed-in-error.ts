import { isSessionError, SessionError } from './session-error.ts'

/** Nobody is signed in: nobody ever was, or somebody signed out. No network was used. */
export class NotSignedInError extends SessionError {
  override readonly name = 'NotSignedInError'
  readonly code = 'notSignedIn'
  readonly retryable = false
  /** The app's own call to action, as given to `createSession`. */
  declare readonly signInHint?: string

  constructor(options?: ErrorOptions & { signInHint?: string | undefined }) {
    super(`Nobody is signed in; ${options?.signInHint ?? 'sign in first'}.`, options)
    if (options?.signInHint !== undefined) this.signInHint = options.signInHint
  }
}

/** Whether the call failed because nobody is signed in. */
export function isNotSignedInError(error: unknown): error is NotSignedInError {
  return isSessionError(error) && error.name === 'NotSignedInError'
}
