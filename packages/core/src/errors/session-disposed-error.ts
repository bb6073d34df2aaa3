import { isSessionError, SessionError } from './session-error.ts'

/** The session object was disposed of; the stored session is untouched. Create a new one to go on. */
export class SessionDisposedError extends SessionError {
  override readonly name = 'SessionDisposedError'
  readonly code = 'disposed'
  readonly retryable = false

  constructor(options?: ErrorOptions) {
    super('The session object was disposed of; create a new one to go on.', options)
  }
}

/** Whether the call came after the session object was disposed of. */
export function isSessionDisposedError(error: unknown): error is SessionDisposedError {
  return isSessionError(error) && error.name === 'SessionDisposedError'
}
