import { isSessionError, SessionError } from './session-error.ts'

/**
 * - `subjectMismatch`: the tokens belong to another user than the session.
 * - `unusableTokens`: what was given, or issued, is not a token set.
 * - `refused`: the authorization server refused; its `error` is the `serverCode` (RFC 6749, sections 4.1.2.1 and 5.2).
 * - `callbackRejected`: the redirect URI received something other than the answer to this sign-in: another `state` or
 *   issuer, a code that was used before, or something unreadable.
 * - `idTokenRejected`: the id token is not valid.
 * - `expired`: the sign-in was completed too late; start a new one.
 * - `timeout`: the user did not complete the sign-in within the time that the app set.
 * - `portUnavailable`: the program could not listen for the browser; the port is taken.
 * - `unavailable`: the authorization server could not be reached or cannot answer now; try again later.
 */
export type SignInErrorCode =
  | 'subjectMismatch'
  | 'unusableTokens'
  | 'refused'
  | 'callbackRejected'
  | 'idTokenRejected'
  | 'expired'
  | 'timeout'
  | 'portUnavailable'
  | 'unavailable'

/** The sign-in failed. The stored session, if there is one, is unchanged. */
export class SignInError extends SessionError {
  override readonly name = 'SignInError'
  readonly code: SignInErrorCode
  /** Whether the same sign-in can succeed when it is started again, without any other change. */
  readonly retryable: boolean
  /** The authorization server's `error`, if it sent one. */
  declare readonly serverCode?: string

  constructor(code: SignInErrorCode, message: string, options: ErrorOptions & { serverCode?: string } = {}) {
    const { serverCode, ...errorOptions } = options
    super(message, errorOptions)
    this.code = code
    this.retryable = code === 'unavailable'
    if (serverCode !== undefined) this.serverCode = serverCode
  }
}

/** Whether a sign-in failed. */
export function isSignInError(error: unknown): error is SignInError {
  return isSessionError(error) && error.name === 'SignInError'
}
