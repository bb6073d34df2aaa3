const second = 1000
const minute = 60 * second

/** The margin is jittered earlier by up to this part of itself, so that holders of one issue do not all come at once. */
const jitterPart = 0.1

/**
 * How long before its expiry an access token is refreshed, in milliseconds: what is wanted, else a quarter of its lifetime,
 * between 10 s and 15 min; and never more than half of the lifetime. Zero where there is no lifetime.
 */
export function refreshMargin(
  lifetime: number,
  wanted = Math.min(15 * minute, Math.max(10 * second, lifetime / 4)),
): number {
  return Math.min(wanted, Math.max(lifetime, 0) / 2)
}

/**
 * When an access token is due to be refreshed, in whole milliseconds since the epoch; `Infinity` where it is not known when
 * it expires. Never before it arrived; a token without a lifetime is due at once.
 *
 * @param random from 0 (no jitter) up to 1 (a tenth of the margin earlier)
 * @param marginMilliseconds how long before its expiry, where that is wanted
 */
export function refreshDueAt(
  token: { readonly receivedAt: number; readonly expiresAt?: number },
  random: number,
  marginMilliseconds?: number,
): number {
  const { receivedAt, expiresAt } = token
  if (expiresAt === undefined) return Infinity
  const margin = refreshMargin(expiresAt - receivedAt, marginMilliseconds)
  // Whole milliseconds, rounded down: a timer that drops the fraction would fire before the token is due.
  return Math.max(receivedAt, Math.floor(expiresAt - margin * (1 + jitterPart * random)))
}

/** A token set that lives for less than this, in milliseconds, would be refreshed without a pause. */
const shortestUsefulLifetime = 1500

/**
 * Whether a token set is good for next to nothing: expired on arrival, or about to. The next one has to wait.
 */
export function isUnusableOnArrival(token: { readonly receivedAt: number; readonly expiresAt?: number }): boolean {
  return token.expiresAt !== undefined && token.expiresAt - token.receivedAt < shortestUsefulLifetime
}

/**
 * For how long a caller can ask a token to be still good, in milliseconds: longer than a new one is before it is due
 * would mean a refresh for every call.
 */
export function attainableValidity(
  token: { readonly receivedAt: number; readonly expiresAt?: number },
  minimumValidityMilliseconds: number,
): number {
  if (token.expiresAt === undefined) return 0
  const lifetime = Math.max(token.expiresAt - token.receivedAt, 0)
  return Math.min(minimumValidityMilliseconds, lifetime - refreshMargin(lifetime))
}

/**
 * Whether an access token may still be sent: `fresh`, `expiring` (usable, but due to be refreshed) or `expired`. Each
 * begins exactly at its instant.
 *
 * @param token both times in milliseconds since the epoch; no `expiresAt` means valid until rejected
 * @param now milliseconds since the epoch
 */
export function judgeToken(
  token: { readonly expiresAt?: number; readonly refreshDueAt: number },
  now: number,
): 'fresh' | 'expiring' | 'expired' {
  if (token.expiresAt !== undefined && now >= token.expiresAt) return 'expired'
  return now >= token.refreshDueAt ? 'expiring' : 'fresh'
}

const week = 7 * 24 * 60 * minute

/** When to say that the sign-in itself ends: a quarter of its time before, at most a week. */
export function signInExpiringAt(signInExpiresAt: number, since: number): number {
  return signInExpiresAt - Math.min((signInExpiresAt - since) / 4, week)
}
