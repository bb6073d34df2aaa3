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
  /**
   * Makes a proof for one request with this token: the `DPoP` header that goes with it. Only a token whose type is
   * `DPoP` has it. `createFetch` and `createKyHooks` do all this themselves.
   *
   * @throws SessionError when the key cannot be used
   * @example
   * const token = await session.getAccessToken()
   * const proof = await token.createProof?.({ method: 'GET', url })
   * @see RFC 9449, section 4
   */
  readonly createProof?: CreateProof
}

/** Makes a proof for one request with an access token. */
export type CreateProof = (request: {
  /** As it goes over the wire, such as `GET`; a WebSocket's handshake is one. */
  readonly method: string
  /** Absolute, such as `https://api.example/orders?page=2`. */
  readonly url: string | URL
  /** The `DPoP-Nonce` of the server's last response, if it sent one; it is remembered. */
  readonly nonce?: string
}) => Promise<string>

/** The access token of a token set, frozen and safe to log. */
export function createAccessToken(tokenSet: TokenSet, generation: number, createProof?: CreateProof): AccessToken {
  const { accessToken, tokenType, receivedAt, expiresAt } = tokenSet
  const token = { type: tokenType, generation, receivedAt, ...(expiresAt === undefined ? {} : { expiresAt }) }
  // An accessor: whoever prints hidden properties, as `console.log('%o', token)` does, sees that there is one.
  Object.defineProperty(token, 'value', { get: () => accessToken, enumerable: false })
  Object.defineProperty(token, 'toString', { value: describeToken, enumerable: false })
  if (createProof !== undefined) Object.defineProperty(token, 'createProof', { value: createProof, enumerable: false })
  return Object.freeze(token) as unknown as AccessToken
}

/** One for all tokens: there are as many of these objects as sessions. */
function describeToken(this: AccessToken): string {
  return `${this.type} [redacted]`
}
