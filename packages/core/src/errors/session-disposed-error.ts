import { isSessionError, SessionError } from './session-error.ts'

/** The session object was closed; the stored session is untouched. Create a new one to go on. */
export class SessionDisposedError extends SessionError {
  override readonly name = 'SessionDisposedError'
  readonly code = 'disposed'
  readonly retryable = false

  constructor(options?: ErrorOptions) {
    super('The session object was closed; create a new one to go on.', options)
  }
}

/** Whether the session object was closed before or during the call. */
export function isSessionDisposedError(error: unknown): error is SessionDisposedError {
  return isSessionError(error) && error.name === 'SessionDisposedError'
}
