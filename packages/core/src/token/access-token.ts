import type { TokenSet } from './token-set.ts'

/**
 * An access token, ready to be sent.
 *
 * `value` is an accessor that is not enumerable: neither `JSON.stringify` nor string conversion nor `util.inspect` shows
 * it, so that logging the object by accident leaks nothing.
 */
export interface AccessToken {
  /** The secret itself: what goes into the `Authorization` header after the scheme. */
  readonly value: string
  /** `Bearer` or `DPoP`. */
  readonly type: string
  /** Which token set of the session this is; hand it back to `session.reportOutcome`. */
  readonly generation: number
  /** When it arrived, in milliseconds since the epoch. */
  readonly receivedAt: number
  /** Milliseconds since the epoch; absent when the lifetime is unknown. */
  readonly expiresAt?: number
}

/** The access token of a token set, frozen and safe to log. */
export function createAccessToken(tokenSet: TokenSet, generation: number): AccessToken {
  const { accessToken, tokenType, receivedAt, expiresAt } = tokenSet
  const token = { type: tokenType, generation, receivedAt, ...(expiresAt === undefined ? {} : { expiresAt }) }
  // An accessor: whoever prints hidden properties, as `console.log('%o', token)` does, sees that there is one.
  Object.defineProperty(token, 'value', { get: () => accessToken, enumerable: false })
  Object.defineProperty(token, 'toString', { value: describeToken, enumerable: false })
  return Object.freeze(token) as unknown as AccessToken
}

/** One for all tokens: there are as many of these objects as sessions. */
function describeToken(this: AccessToken): string {
  return `${this.type} [redacted]`
}
