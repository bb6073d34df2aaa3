import { isObject, isText, textOf, withoutUndefined } from '../errors/check-options.ts'
import { isFiniteNumber, readJwtLifetime } from './jwt-claims.ts'
import type { TokenSet } from './token-set.ts'

/** The last instant that a `Date` can hold, in milliseconds since the epoch (ECMAScript, section "Time Values"). */
const latestTime = 8.64e15

/** What an app's or a grant's token set turned out to be. `problem` names a member and holds no value of it. */
export type NormalizedTokenSet =
  | { readonly kind: 'tokenSet'; readonly tokenSet: TokenSet }
  | {
      readonly kind: 'malformed'
      readonly problem: string
      /** What can be saved: a refresh token beside an access token that is missing or cannot be sent. */
      readonly refreshToken?: string
    }

/**
 * Judges what an app or a grant handed in as a `TokenSetInput`, trusting nothing about it.
 *
 * The expiry is taken from `expiresIn`, else from `expiresAt`, else from the claims of a JWT access token, and is never
 * before `receivedAt`: what was expired on arrival expires at that moment. Optional members that are not non-empty
 * strings count as absent. Never throws.
 *
 * @param receivedAt when the response arrived, in milliseconds since the epoch
 * @see RFC 6749, section 5.1
 */
export function normalizeTokenSet(input: unknown, receivedAt: number): NormalizedTokenSet {
  if (!isObject(input)) return { kind: 'malformed', problem: 'the token set is not an object' }
  const { accessToken, refreshToken, details } = input
  const problem = findProblem(accessToken)
  if (problem !== undefined) {
    return { kind: 'malformed', problem, refreshToken: textOf(refreshToken) }
  }
  const tokenSet: TokenSet = {
    accessToken: accessToken as string,
    tokenType: canonicalTokenType(input.tokenType),
    receivedAt,
    expiresAt: readExpiry(input, receivedAt),
    refreshToken: textOf(refreshToken),
    idToken: textOf(input.idToken),
    scope: textOf(input.scope),
    signInExpiresAt: readSignInExpiry(input, receivedAt),
    details: isObject(details) ? details : undefined,
  }
  return { kind: 'tokenSet', tokenSet: withoutUndefined(tokenSet) }
}

/**
 * The next token set, with the refresh token, id token, scope and details of the previous one where a response omitted
 * them.
 *
 * @see RFC 6749, section 6; OpenID Connect Core 1.0, section 12.2
 */
export function carryForward(next: TokenSet, previous: TokenSet | undefined): TokenSet {
  const refreshToken = next.refreshToken ?? previous?.refreshToken
  const knownEnd = refreshToken === previous?.refreshToken ? previous?.signInExpiresAt : undefined
  // A JWT that is repeated does not last any longer for it.
  const isFixed = readJwtLifetime(refreshToken ?? '', 0) !== undefined
  // What was said of one refresh token says nothing about the next.
  const signInExpiresAt = (isFixed ? knownEnd : undefined) ?? next.signInExpiresAt ?? knownEnd
  return withoutUndefined({
    ...next,
    refreshToken,
    idToken: next.idToken ?? previous?.idToken,
    scope: next.scope ?? previous?.scope,
    signInExpiresAt,
    signInEndKnownAt: isSameEnd(signInExpiresAt, previous?.signInExpiresAt)
      ? (previous?.signInEndKnownAt ?? previous?.receivedAt)
      : undefined,
    details:
      next.details && previous?.details
        ? { ...previous.details, ...next.details }
        : (next.details ?? previous?.details),
  })
}

/** Ends of a sign-in that are nearer to each other than this are one: each answer of a server counts the seconds anew. */
const sameEndMilliseconds = 60_000

export function isSameEnd(one: number | undefined, other: number | undefined): boolean {
  return Math.abs((one ?? NaN) - (other ?? NaN)) < sameEndMilliseconds
}

function findProblem(accessToken: unknown): string | undefined {
  if (!isText(accessToken)) return '`accessToken` is not a non-empty string'
  // Such a token could never be sent, and the error of `Headers` would quote it.
  return fitsHeader(accessToken) ? undefined : '`accessToken` has characters that no header can carry'
}

/** When the access token expires, in milliseconds since the epoch, as the first source that says something has it. */
function readExpiry(input: Record<string, unknown>, receivedAt: number): number | undefined {
  const { accessToken, expiresIn, expiresAt } = input
  const lifetime = readJwtLifetime(String(accessToken), receivedAt)
  const seconds = inSeconds(readNumber(expiresIn), lifetime) ?? (isFiniteNumber(expiresAt) ? undefined : lifetime)
  const expiry = seconds === undefined ? expiresAt : receivedAt + seconds * 1000
  return isFiniteNumber(expiry) ? boundTime(expiry, receivedAt) : undefined
}

/** When the refresh token expires; servers say 0 of one that does not. */
function readSignInExpiry(input: Record<string, unknown>, receivedAt: number): number | undefined {
  const { refreshToken, signInExpiresIn, signInExpiresAt } = input
  const lifetime = isText(refreshToken) ? readJwtLifetime(refreshToken, receivedAt) : undefined
  const seconds = inSeconds(readNumber(signInExpiresIn), lifetime)
  if (seconds !== undefined && seconds > 0) return boundTime(receivedAt + seconds * 1000, receivedAt)
  if (isFiniteNumber(signInExpiresAt) && signInExpiresAt > 0) return boundTime(signInExpiresAt, receivedAt)
  return lifetime !== undefined && lifetime > 0 ? boundTime(receivedAt + lifetime * 1000, receivedAt) : undefined
}

/** Some servers give a lifetime in milliseconds, which shows where the JWT itself says how long it lives. */
function inSeconds(given: number | undefined, lifetime = 0): number | undefined {
  return given !== undefined && Math.abs(given / 1000 - lifetime) < lifetime / 2 ? given / 1000 : given
}

function boundTime(time: number, earliest: number): number {
  return Math.min(Math.max(Math.round(time), earliest), latestTime)
}

/** A number; some servers quote it. `undefined` for anything that is not a finite one. */
function readNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\s*[+-]?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value
  return isFiniteNumber(number) ? number : undefined
}

/**
 * The scheme that a token is used with: `DPoP`, or `Bearer` for any other type, since some servers say `bot` or `user` of
 * what is a bearer token. Token types are case-insensitive (RFC 6749, section 7.1), but some resource servers compare the
 * scheme exactly.
 */
function canonicalTokenType(value: unknown): string {
  return typeof value === 'string' && value.trim().toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer'
}

/**
 * Whether a header can carry a text; `Headers` throws an error that quotes any other one.
 * @see RFC 9110, section 5.5
 */
export function fitsHeader(value: string): boolean {
  const inner = value.trim()
  // `Headers` cuts white space off the ends as well, but not all that `trim` takes for it.
  const ends = value.replace(inner, () => '')
  return /^[\t\x20-\x7e\x80-\xff]+$/.test(inner) && /^[\t\n\r ]*$/.test(ends)
}

/** Whether a text can be the scheme of an `Authorization` header: one word. */
export function fitsScheme(value: string): boolean {
  return /^[\x21-\x7e]+$/.test(value)
}
