import {
  isNotSignedInError,
  isRefreshUnavailableError,
  isSessionDisposedError,
  isSessionEndedError,
  type SessionSnapshot,
} from '@authchart/core'
import { isTimeoutError } from 'ky'

/** What the service answers its caller in place of the API's answer. */
export interface FailureAnswer {
  /** Never 401: this caller has authenticated correctly. */
  readonly status: 502 | 503 | 504
  /** In seconds; absent if trying again cannot help until a person has acted. */
  readonly retryAfter?: number
  readonly error: 'tokenUnavailable' | 'tokenRejected' | 'signInNeeded' | 'stopping' | 'upstreamFailed'
}

/** Used when it is not known when the next try is due. */
const unknownRetrySeconds = 5

/** The answer to a call of the API that threw; `now` in milliseconds since the epoch. */
export function answerFailure(error: unknown, now: number): FailureAnswer {
  if (isRefreshUnavailableError(error)) {
    return { status: 503, retryAfter: secondsUntil(error.retryAt, now), error: 'tokenUnavailable' }
  }
  if (isSessionEndedError(error) || isNotSignedInError(error)) return { status: 503, error: 'signInNeeded' }
  // Another instance, or this one after a restart, may succeed.
  if (isSessionDisposedError(error)) return { status: 503, retryAfter: 1, error: 'stopping' }
  return { status: isTimeoutError(error) ? 504 : 502, error: 'upstreamFailed' }
}

/** The answer to a call that the API rejected with 401, even after a refresh or because no other token could be had. */
export function answerRejection({ reason, status, retryAt }: SessionSnapshot, now: number): FailureAnswer {
  if (reason !== undefined || status === 'signedOut') return { status: 503, error: 'signInNeeded' }
  return { status: 503, retryAfter: secondsUntil(retryAt, now), error: 'tokenRejected' }
}

/** Rounded up: a caller who comes a moment too early would be refused again. */
function secondsUntil(retryAt: number | undefined, now: number): number {
  return retryAt === undefined ? unknownRetrySeconds : Math.max(Math.ceil((retryAt - now) / 1000), 1)
}
