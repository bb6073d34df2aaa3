import {
  isNotSignedInError,
  isRefreshUnavailableError,
  isSessionDisposedError,
  isSessionEndedError,
  type SessionSnapshot,
} from '@authchart/core'
import { isTimeoutError } from 'ky'

/** What the service's caller is told in place of what the API would have said. */
export interface FailureAnswer {
  /** Never 401: nothing is wrong with how this caller has authenticated. */
  readonly status: 502 | 503 | 504
  /** In seconds; absent where trying again does not help until somebody has done something. */
  readonly retryAfter?: number
  readonly error: 'tokenUnavailable' | 'tokenRejected' | 'signInNeeded' | 'stopping' | 'upstreamFailed'
}

/** Where nobody knows when the next try is due. */
const unknownRetrySeconds = 5

/** The answer to a call of the API that threw; `now` in milliseconds since the epoch. */
export function answerFailure(error: unknown, now: number): FailureAnswer {
  if (isRefreshUnavailableError(error)) {
    return { status: 503, retryAfter: secondsUntil(error.retryAt, now), error: 'tokenUnavailable' }
  }
  if (isSessionEndedError(error) || isNotSignedInError(error)) return { status: 503, error: 'signInNeeded' }
  // Another instance, or this one started anew, may have the time.
  if (isSessionDisposedError(error)) return { status: 503, retryAfter: 1, error: 'stopping' }
  return { status: isTimeoutError(error) ? 504 : 502, error: 'upstreamFailed' }
}

/** The answer to a call for which the API said 401 even after a refresh, or since no other token is to be had. */
export function answerRejection({ reason, status, retryAt }: SessionSnapshot, now: number): FailureAnswer {
  if (reason !== undefined || status === 'signedOut') return { status: 503, error: 'signInNeeded' }
  return { status: 503, retryAfter: secondsUntil(retryAt, now), error: 'tokenRejected' }
}

/** Rounded up: who comes a moment too early is refused once more. */
function secondsUntil(retryAt: number | undefined, now: number): number {
  return retryAt === undefined ? unknownRetrySeconds : Math.max(Math.ceil((retryAt - now) / 1000), 1)
}
