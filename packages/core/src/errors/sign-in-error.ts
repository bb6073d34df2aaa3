import { isSessionError, SessionError } from './session-error.ts'

/**
 * - `subjectMismatch`: the tokens belong to somebody else than the session does; nothing was changed.
 * - `unusableTokens`: what was given is no token set.
 */
export type SignInErrorCode = 'subjectMismatch' | 'unusableTokens'

/** A sign-in did not happen. The stored session, if there was one, is as it was. */
export class SignInError extends SessionError {
  override readonly name = 'SignInError'
  readonly code: SignInErrorCode
  readonly retryable = false

  constructor(code: SignInErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Whether a sign-in failed. */
export function isSignInError(error: unknown): error is SignInError {
  return isSessionError(error) && error.name === 'SignInError'
}
