import { readJwtClaims } from './jwt-claims.ts'
import type { TokenSet } from './token-set.ts'

/** The last instant that a `Date` can hold, in milliseconds since the epoch (ECMAScript, section "Time Values"). */
const latestTime = 8.64e15

/** What an app's or a grant's token set turned out to be. `problem` names a member and holds no value of it. */
export type NormalizedTokenSet =
  | { readonly kind: 'tokenSet'; readonly tokenSet: TokenSet }
  | { readonly kind: 'malformed'; readonly problem: string }

/**
 * Judges what an app or a grant handed in as a `TokenSetInput`, trusting nothing about it.
 *
 * The expiry is taken from `expiresIn`, else from `expiresAt`, else from the `exp` of a JWT access token, and is never
 * before `receivedAt`: what was expired on arrival expires at that moment. Members that are no non-empty strings count
 * as absent. Never throws.
 *
 * @param receivedAt when the response arrived, in milliseconds since the epoch
 * @see RFC 6749, section 5.1
 */
export function normalizeTokenSet(input: unknown, receivedAt: number): NormalizedTokenSet {
  if (typeof input !== 'object' || input === null) return malformed('the token set is no object')
  const { accessToken, tokenType, expiresIn, expiresAt, refreshToken, idToken, scope } = input as Record<
    string,
    unknown
  >
  if (!isText(accessToken)) return malformed('`accessToken` is no non-empty string')
  // Such a token could never be sent, and the error of `Headers` would quote it.
  if (!fitsHeader(accessToken)) return malformed('`accessToken` has characters that no header can carry')
  const expiry = readExpiry({ accessToken, expiresIn, expiresAt }, receivedAt)
  return {
    kind: 'tokenSet',
    tokenSet: {
      accessToken,
      tokenType: canonicalTokenType(tokenType),
      receivedAt,
      ...(expiry === undefined ? {} : { expiresAt: Math.min(Math.max(expiry, receivedAt), latestTime) }),
      ...(isText(refreshToken) ? { refreshToken } : {}),
      ...(isText(idToken) ? { idToken } : {}),
      ...(isText(scope) ? { scope } : {}),
    },
  }
}

/**
 * The next token set, with the refresh token, id token and scope of the previous one where a response omitted them.
 *
 * @see RFC 6749, section 6; OpenID Connect Core 1.0, section 12.2
 */
export function carryForward(next: TokenSet, previous: TokenSet | undefined): TokenSet {
  const refreshToken = next.refreshToken ?? previous?.refreshToken
  const idToken = next.idToken ?? previous?.idToken
  const scope = next.scope ?? previous?.scope
  return {
    ...next,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(idToken === undefined ? {} : { idToken }),
    ...(scope === undefined ? {} : { scope }),
  }
}

function malformed(problem: string): NormalizedTokenSet {
  return { kind: 'malformed', problem }
}

/** When the access token expires, in milliseconds since the epoch, as the first source that says something has it. */
function readExpiry(
  token: { accessToken: string; expiresIn: unknown; expiresAt: unknown },
  receivedAt: number,
): number | undefined {
  const seconds = readSeconds(token.expiresIn)
  if (seconds !== undefined) return receivedAt + Math.floor(seconds * 1000)
  if (isFiniteNumber(token.expiresAt)) return Math.floor(token.expiresAt)
  const expiry = readJwtClaims(token.accessToken)?.exp
  return isFiniteNumber(expiry) ? Math.floor(expiry * 1000) : undefined
}

/** A number of seconds; some servers quote it. `undefined` for whatever is no finite number. */
function readSeconds(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\s*[+-]?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value
  return isFiniteNumber(number) ? number : undefined
}

/** Token types are case-insensitive (RFC 6749, section 7.1), but some resource servers compare the scheme exactly. */
function canonicalTokenType(value: unknown): string {
  const type = typeof value === 'string' ? value.trim() : ''
  if (!fitsScheme(type)) return 'Bearer'
  return ['Bearer', 'DPoP'].find((known) => known.toLowerCase() === type.toLowerCase()) ?? type
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

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
