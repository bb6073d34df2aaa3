/** What the record keeps of refusals that name no reason that we know: they end a session only together. */
export interface Refusals {
  /** How often; new tokens and a sign-in begin anew, time and other failures do not. */
  readonly count: number
  /** When the first one was, in milliseconds since the epoch. */
  readonly since: number
  /** One of them had no body at all, and so might come from something in between. */
  readonly bare: boolean
}

/** `unknownWord`: an `error` that is not in the table of words. `bare`: a 400 without a body. */
export type Refusal = 'unknownWord' | 'bare'

export interface RefusalDecision {
  readonly refusals: Refusals
  /** The session is over, as `requestRejected`, and the refresh token is kept. */
  readonly ends: boolean
  /** To be told: the sign-in may be over. */
  readonly mayBeOver: boolean
}

const refusalsToEnd = 3
const millisecondsToEnd = 30_000
const bareMillisecondsToEnd = 120_000

/**
 * Counts one more refusal. The session ends with one that is at least the third, and at least 30 s after the first; two
 * minutes, if any was bare.
 *
 * @param before what the record says of earlier ones
 * @param now milliseconds since the epoch
 */
export function decideRefusal(before: Refusals | undefined, refusal: Refusal, now: number): RefusalDecision {
  const count = (before?.count ?? 0) + 1
  // A clock that was set back must not make the first refusal one of the future.
  const since = Math.min(before?.since ?? now, now)
  const bare = before?.bare === true || refusal === 'bare'
  const hasLasted = now - since >= (bare ? bareMillisecondsToEnd : millisecondsToEnd)
  return {
    refusals: { count, since, bare },
    ends: count >= refusalsToEnd && hasLasted,
    mayBeOver: count > 1,
  }
}

const refusalsToTell = 5
const millisecondsToTell = 10 * 60_000

/**
 * Whether refusals in JSON that name no reason at all, which never end a session, are to be told of: the fifth and later
 * ones, ten minutes after the run of failures began.
 */
export function isRefusedWithoutReason(
  run: { readonly refusalsWithoutReason: number; readonly since: number },
  now: number,
): boolean {
  return run.refusalsWithoutReason >= refusalsToTell && now - run.since >= millisecondsToTell
}
