import { readRetryAfter } from '../policy/backoff.ts'
import type { TokenEndpointFailure } from '../token/grant.ts'

/** How fast a device may ask. */
export interface PollPace {
  /** What the server wants between two requests, in milliseconds; only ever longer. */
  readonly intervalMilliseconds: number
  /** Requests in a row that brought no word of the server's. */
  readonly failures: number
  /** How long to wait before the next request, in milliseconds. */
  readonly delayMilliseconds: number
}

/** What one request came to: wait and ask again, give the code up as expired, or tell the failure as it is. */
export type PollVerdict =
  | { readonly kind: 'wait'; readonly pace: PollPace }
  | { readonly kind: 'expired' }
  | { readonly kind: 'failed' }

/** "The interval MUST be increased by 5 seconds for this and all subsequent requests" (RFC 8628, section 3.5). */
const slowerByMilliseconds = 5_000

/** A device that waits longer than this after a failure makes people think that it has stopped. */
const longestPauseMilliseconds = 60_000

/** How a device begins to ask. */
export function initialPace(intervalSeconds: number): PollPace {
  const intervalMilliseconds = intervalSeconds * 1000
  return { intervalMilliseconds, failures: 0, delayMilliseconds: intervalMilliseconds }
}

/**
 * Judges a request for tokens that brought none.
 *
 * What is not the server's own word (a network failure, a 5xx, a 429, a firewall's page, an answer that was cut)
 * doubles the pause each time, up to a minute, until the server speaks again. `Retry-After` counts wherever it comes.
 *
 * @param now milliseconds since the epoch
 * @see RFC 8628, section 3.5
 */
export function judgePoll(failure: TokenEndpointFailure, pace: PollPace, now: number): PollVerdict {
  const { intervalMilliseconds } = pace
  const asked = readAskedPause(failure, now)
  switch (readError(failure)) {
    case 'authorization_pending':
      return waitFor({ intervalMilliseconds, failures: 0 }, { delay: intervalMilliseconds, asked })
    case 'slow_down': {
      const slower = intervalMilliseconds + slowerByMilliseconds
      return waitFor({ intervalMilliseconds: slower, failures: 0 }, { delay: slower, asked })
    }
    case 'expired_token':
      return { kind: 'expired' }
  }
  if (!isPassing(failure)) return { kind: 'failed' }
  const failures = pace.failures + 1
  const pause = Math.min(intervalMilliseconds * 2 ** failures, longestPauseMilliseconds)
  return waitFor({ intervalMilliseconds, failures }, { delay: Math.max(pause, intervalMilliseconds), asked })
}

function waitFor(
  pace: Omit<PollPace, 'delayMilliseconds'>,
  { delay, asked }: { delay: number; asked: number },
): PollVerdict {
  return { kind: 'wait', pace: { ...pace, delayMilliseconds: Math.max(delay, asked) } }
}

function readAskedPause(failure: TokenEndpointFailure, now: number): number {
  const header = 'retryAfter' in failure ? failure.retryAfter : undefined
  return (readRetryAfter(header, now) ?? now) - now
}

const passingErrors: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error'])

/** Whether it says nothing about this sign-in. */
function isPassing(failure: TokenEndpointFailure): boolean {
  if (failure.kind !== 'answer') return failure.kind !== 'rejected'
  const { status } = failure
  const error = readError(failure)
  return error === undefined || passingErrors.has(error) || status === 429 || status >= 500 || status === 408
}

function readError(failure: TokenEndpointFailure): string | undefined {
  const error = failure.kind === 'answer' && failure.complete ? failure.body?.error : undefined
  return typeof error === 'string' && error !== '' ? error : undefined
}
