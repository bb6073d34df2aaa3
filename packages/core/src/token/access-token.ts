import type { TokenSet } from './token-set.ts'

/**
 * An access token, ready to be sent.
 *
 * Logging it by accident leaks nothing: neither `JSON.stringify` nor string conversion nor `util.inspect`, with whichever
 * options of a logger, shows its `value`. Read it from the token itself: a proxy of it, as some state libraries make,
 * cannot, and throws a TypeError.
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
  return new IssuedToken(tokenSet, generation, createProof)
}

/**
 * A class, since a program may hold as many of these as sessions, and accessors of a class cost nothing per object. The
 * fields are private, not symbols: nothing that walks through properties finds them. A proxy does not have them, which is
 * an error rather than `undefined`: that would go out as a token.
 */
class IssuedToken implements AccessToken {
  readonly #value: string
  readonly #createProof: CreateProof | undefined
  readonly type: string
  readonly generation: number
  readonly receivedAt: number
  declare readonly expiresAt?: number

  constructor(tokenSet: TokenSet, generation: number, createProof: CreateProof | undefined) {
    this.#value = tokenSet.accessToken
    this.#createProof = createProof
    this.type = tokenSet.tokenType
    this.generation = generation
    this.receivedAt = tokenSet.receivedAt
    if (tokenSet.expiresAt !== undefined) this.expiresAt = tokenSet.expiresAt
    Object.freeze(this)
  }

  get value(): string {
    return this.#value
  }

  get createProof(): CreateProof | undefined {
    return this.#createProof
  }

  toString(): string {
    return `${this.type} [redacted]`
  }

  /** Node would call the accessors where it is told to show hidden properties and getters. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return { ...this }
  }
}

/**
 * The value of the header that carries an access token, such as `Bearer abc`.
 *
 * @param scheme what stands before the token; `undefined` means the token's own type, an empty string a bare token
 * @see RFC 9110, section 11.6.2; RFC 6750, section 2.1
 */
export function authorizationHeader(
  token: { readonly type: string; readonly value: string },
  scheme: string | undefined,
): string {
  const prefix = scheme ?? token.type
  return prefix === '' ? token.value : `${prefix} ${token.value}`
}
