/**
 * What a token endpoint gave: the tokens of one generation of a session.
 *
 * Holds secrets. It lives in the vault and in the sealed part of a record, nowhere else.
 *
 * @see RFC 6749, section 5.1
 */
export interface TokenSet {
  readonly accessToken: string
  /** The `Authorization` scheme the token is used with, such as `Bearer` or `DPoP`, as the server spelt it. */
  readonly tokenType: string
  /** When the response arrived, in milliseconds since the epoch. */
  readonly receivedAt: number
  /** When the access token expires, in milliseconds since the epoch; absent when nobody said: valid until rejected. */
  readonly expiresAt?: number
  readonly refreshToken?: string
  readonly idToken?: string
  /** The granted scope, space-separated. */
  readonly scope?: string
}

/**
 * A token set as an app or a grant hands it in: `accessToken` is enough.
 *
 * The lifetime is taken from `expiresIn`, else from `expiresAt`, else from the `exp` of a JWT access token.
 */
export interface TokenSetInput {
  readonly accessToken: string
  /** Default `Bearer`. */
  readonly tokenType?: string
  /** Lifetime in seconds from now. A value that is no number counts as absent; zero or less as already expired. */
  readonly expiresIn?: number | string | null
  /** Milliseconds since the epoch. Used only where `expiresIn` is absent. */
  readonly expiresAt?: number
  readonly refreshToken?: string
  readonly idToken?: string
  readonly scope?: string
}

/** What every sign-in function of `@authchart/core/oauth` resolves to, and what `session.signIn` takes. Holds secrets. */
export interface SignInTokens extends TokenSetInput {
  /**
   * Why, most likely, no refresh token came, and what to do about it, in a sentence: what the notice
   * `refreshTokenMissing` says. Absent when one came.
   */
  readonly refreshTokenAdvice?: string
}
