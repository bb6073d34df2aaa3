import type { TokenSet } from './token-set.ts'

/**
 * An access token, ready to be sent.
 *
 * `value` is not enumerable and `JSON.stringify` and string conversion do not show it, so that logging the object by
 * accident leaks nothing.
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
  const token = {
    type: tokenSet.tokenType,
    generation,
    receivedAt: tokenSet.receivedAt,
    ...(tokenSet.expiresAt === undefined ? {} : { expiresAt: tokenSet.expiresAt }),
  }
  Object.defineProperty(token, 'value', { value: tokenSet.accessToken, enumerable: false })
  Object.defineProperty(token, 'toString', { value: () => `${tokenSet.tokenType} [redacted]`, enumerable: false })
  return Object.freeze(token) as unknown as AccessToken
}
