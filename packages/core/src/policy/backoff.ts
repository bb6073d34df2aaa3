import { parseHttpDate } from './parse-http-date.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute

const firstCeiling = second
const lastCeiling = 5 * minute

/** Jitter may come out as nothing, and a failure that takes no time would then be tried again without a pause. */
const shortestDelay = 100

/** A server may ask for patience, not for silence: a mistaken `Retry-After` would sign everybody out in effect. */
const longestRetryAfter = hour

/**
 * How long to wait after a transient failure, in whole milliseconds: anywhere between a tenth of a second and a ceiling
 * that doubles from 1 s to 5 min ("full jitter", so that clients which failed together do not come back together).
 *
 * @param failuresInARow 1 after the first failure; there is no count at which it gives up
 * @param random from 0 up to 1
 */
export function backoffDelay(failuresInARow: number, random: number): number {
  // A huge count makes this infinite, which the last ceiling catches.
  const ceiling = Math.min(firstCeiling * 2 ** Math.max(failuresInARow - 1, 0), lastCeiling)
  return Math.round(shortestDelay + random * (ceiling - shortestDelay))
}

/**
 * The instant before which a server does not want to be asked again, in milliseconds since the epoch; `undefined` when
 * the header is absent or malformed. Between `now` (for a date that has passed) and an hour later.
 *
 * @param now milliseconds since the epoch
 * @see RFC 9110, section 10.2.3
 */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? ''
  const instant = /^\d+$/.test(text) ? now + Number(text) * second : parseHttpDate(text, now)
  return instant === undefined ? undefined : boundRetryAt(instant, now)
}

/**
 * An instant at which to try again, bound to between `now` and an hour later, as `Retry-After` is.
 *
 * @param instant milliseconds since the epoch
 * @param now milliseconds since the epoch
 */
export function boundRetryAt(instant: number, now: number): number {
  return Math.min(Math.max(instant, now), now + longestRetryAfter)
}
