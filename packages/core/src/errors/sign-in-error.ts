import { isSessionError, SessionError } from './session-error.ts'

/**
 * - `subjectMismatch`: the tokens belong to somebody else than the session does.
 * - `unusableTokens`: what was given, or issued, is no token set.
 * - `refused`: the authorization server said no; its `error` is the `serverCode` (RFC 6749, sections 4.1.2.1 and 5.2).
 * - `callbackRejected`: what came back to the redirect URI is no answer to this sign-in: another `state` or issuer, a
 *   code that was used, or nothing that could be read.
 * - `idTokenRejected`: the id token that was issued does not validate.
 * - `expired`: the time in which the sign-in could be completed is over; begin a new one.
 * - `timeout`: nobody completed the sign-in within the time that the app gave it.
 * - `portUnavailable`: the program could not listen for the browser, since the port is taken.
 * - `unavailable`: the authorization server could not be reached or cannot answer just now; begin again later.
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

/** A sign-in did not happen. The stored session, if there was one, is as it was. */
export class SignInError extends SessionError {
  override readonly name = 'SignInError'
  readonly code: SignInErrorCode
  /** Whether the same sign-in, begun anew, can succeed without anybody doing anything else. */
  readonly retryable: boolean
  /** The authorization server's `error`, if it sent one. */
  declare readonly serverCode?: string

  constructor(
    code: SignInErrorCode,
    message: string,
    options: ErrorOptions & { serverCode?: string | undefined } = {},
  ) {
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
