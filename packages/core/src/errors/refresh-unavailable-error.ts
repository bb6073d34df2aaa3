import { codeMeanings, type TransientCode } from './codes.ts'
import { isSessionError, SessionError } from './session-error.ts'

/**
 * There is no usable access token now, and the session goes on: try again at `retryAt`.
 *
 * Callers get it while refreshes fail and the token they have is unusable. An app's own refresh function may throw it to
 * say that its server cannot answer now.
 */
export class RefreshUnavailableError extends SessionError {
  override readonly name = 'RefreshUnavailableError'
  readonly code: TransientCode
  readonly retryable = true
  /** When the next try is due, in milliseconds since the epoch; absent when that depends on something else. */
  declare readonly retryAt?: number
  /** What the authorization server said, in its own words, if they can be shown. */
  declare readonly serverWords?: string

  /** @param failure `mayBeOver`: the server keeps refusing, so that the sign-in may be over */
  constructor(failure: RefreshFailure = {}, options?: ErrorOptions) {
    const { code = 'server', retryAt, serverWords, mayBeOver = false } = failure
    const said = serverWords === undefined ? '' : ` (it said "${serverWords}")`
    const doubt = mayBeOver ? '; the sign-in may be over' : ''
    const when = retryAt === undefined ? 'try again later' : `next try at ${toIsoTime(retryAt)}`
    super(`No usable access token just now: ${codeMeanings[code] ?? code}${said}${doubt}; ${when}.`, options)
    this.code = code
    if (retryAt !== undefined) this.retryAt = retryAt
    if (serverWords !== undefined) this.serverWords = serverWords
  }
}

/** What a `RefreshUnavailableError` is made of. */
interface RefreshFailure {
  readonly code?: TransientCode
  readonly retryAt?: number
  readonly serverWords?: string
  readonly mayBeOver?: boolean
}

/** Whether the call failed for a reason that passes. */
export function isRefreshUnavailableError(error: unknown): error is RefreshUnavailableError {
  return isSessionError(error) && error.name === 'RefreshUnavailableError'
}

function toIsoTime(milliseconds: number): string {
  const date = new Date(milliseconds)
  return Number.isNaN(date.getTime()) ? String(milliseconds) : date.toISOString()
}
