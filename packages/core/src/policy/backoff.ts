const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** The longest pause that we make of our own accord, in milliseconds. */
export const longestBackoffMilliseconds = 5 * minute

/** Jitter may come out as nothing, and a failure that takes no time would then be tried again without a pause. */
const shortestDelay = 100

/** In the first `freshRunMilliseconds` of a run of failures callers are still waiting: the pauses stay short. */
const freshRunMilliseconds = 10 * second
const freshRunCeiling = 2 * second

/**
 * The longest pause that a server is granted, in milliseconds. It may ask for patience, not for silence: a mistaken
 * `Retry-After` would in effect sign all users out.
 */
export const longestCooldownMilliseconds = hour

/**
 * Whether a pause until an instant still holds. One that lies further off than any that is ever made was made by a
 * clock that has been set back since, or by one that is wrong, and would stop a session for as long.
 *
 * @param until milliseconds since the epoch; absent means that there is none
 */
export function isHeldBack(
  until: number | undefined,
  circumstances: { now: number; longestMilliseconds: number },
): until is number {
  const { now, longestMilliseconds } = circumstances
  return until !== undefined && now < until && until - now <= longestMilliseconds
}

/**
 * How long to wait after a transient failure, in whole milliseconds: anywhere between a tenth of a second and a ceiling
 * that doubles from 1 s to 5 min ("full jitter", so that clients which failed together do not come back together), and
 * stays at 2 s in the first 10 s of a run of failures.
 *
 * @param failuresInARow 1 after the first failure; there is no count at which it gives up
 * @param random from 0 up to 1
 * @param runMilliseconds how long the run of failures has lasted
 */
export function backoffDelay(failuresInARow: number, random: number, runMilliseconds = Infinity): number {
  // A huge count makes this infinite, which the last ceiling catches.
  const doubled = Math.min(second * 2 ** Math.max(failuresInARow - 1, 0), longestBackoffMilliseconds)
  const ceiling = runMilliseconds < freshRunMilliseconds ? Math.min(doubled, freshRunCeiling) : doubled
  return Math.round(shortestDelay + random * (ceiling - shortestDelay))
}

/**
 * The instant before which a server does not want to be asked again, in milliseconds since the epoch; `undefined` when
 * the header is absent or malformed. Between `now` (for a date that has passed) and an hour later.
 *
 * Takes seconds and the date format that servers send; not RFC 850's and `asctime`'s, which are obsolete.
 *
 * @param now milliseconds since the epoch
 * @see RFC 9110, section 10.2.3
 */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim()
  const instant = /^\d+$/.test(text ?? '') ? now + Number(text) * second : readHttpDate(text)
  return instant >= 0 ? boundRetryAt(instant, now) : undefined
}

/**
 * `Retry-After`, in seconds where it is a date and the response has a `Date`: the server's clock and ours may differ.
 *
 * @see RFC 9110, sections 6.6.1 and 10.2.3
 */
export function retryAfterOf({ 'retry-after': header, date }: Record<string, string>): string | undefined {
  const milliseconds = readHttpDate(header) - readHttpDate(date)
  return Number.isNaN(milliseconds) ? header : String(Math.max(milliseconds, 0) / second)
}

/**
 * An HTTP date in milliseconds since the epoch; else not a number. Stricter than `Date.parse`, which takes `1.5` for a day
 * in 2001.
 *
 * @see RFC 9110, section 5.6.7, IMF-fixdate
 */
export function readHttpDate(text = ''): number {
  return /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(text) ? Date.parse(text) : NaN
}

/**
 * An instant at which to try again, bound to between `now` and an hour later, as `Retry-After` is.
 *
 * @param instant milliseconds since the epoch
 * @param now milliseconds since the epoch
 */
export function boundRetryAt(instant: number, now: number): number {
  return Math.min(Math.max(instant, now), now + longestCooldownMilliseconds)
}

/**
 * Whether a failure's next try is due. A time that lies further off than any pause that is ever made counts as due.
 *
 * @param failure times in milliseconds since the epoch
 */
export function isRetryDue(
  failure: { readonly retryAt: number; readonly serverAsked: boolean } | undefined,
  now: number,
): boolean {
  const longestMilliseconds = failure?.serverAsked ? longestCooldownMilliseconds : longestBackoffMilliseconds
  return !isHeldBack(failure?.retryAt, { now, longestMilliseconds })
}
