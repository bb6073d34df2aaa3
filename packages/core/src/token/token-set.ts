import type { ProofKey } from './proof.ts'

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
  /** When the access token expires, in milliseconds since the epoch; absent when unknown: valid until rejected. */
  readonly expiresAt?: number
  readonly refreshToken?: string
  readonly idToken?: string
  /** The granted scope, space-separated. */
  readonly scope?: string
  /** When the refresh token expires, in milliseconds since the epoch, so far as the server has said: then the user must sign in again. */
  readonly signInExpiresAt?: number
  /** Since when that end is known, in milliseconds since the epoch; absent where it came with this token set. */
  readonly signInEndKnownAt?: number
  /** What else the app wanted to be kept of the server's answers, by the server's names: secrets, perhaps. */
  readonly details?: Readonly<Record<string, unknown>>
}

/**
 * A token set as an app or a grant hands it in: `accessToken` is enough.
 *
 * The lifetime is taken from `expiresIn`, else from `expiresAt`, else from `exp` and `iat` of a JWT access token.
 */
export interface TokenSetInput {
  readonly accessToken: string
  /** Default `Bearer`. */
  readonly tokenType?: string
  /** Lifetime in seconds from now. A value that is not a number counts as absent; zero or less as already expired. */
  readonly expiresIn?: number | string | null
  /** Milliseconds since the epoch. Used only where `expiresIn` is absent. */
  readonly expiresAt?: number
  readonly refreshToken?: string
  readonly idToken?: string
  readonly scope?: string
  /** How long the refresh token lives, in seconds from now; zero or less counts as absent. */
  readonly signInExpiresIn?: number | string | null
  /** When the refresh token expires, in milliseconds since the epoch. Used only where `signInExpiresIn` is absent. */
  readonly signInExpiresAt?: number
  /** What else is to be kept with the tokens, sealed like them: plain data, as JSON has it. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** What every sign-in function of `@authchart/core/oauth` resolves to, and what `session.signIn` takes. Holds secrets. */
export interface SignInTokens extends TokenSetInput {
  /**
   * Why, most likely, no refresh token came, and what to do about it, in a sentence: what the notice
   * `refreshTokenMissing` says. Absent when one came.
   */
  readonly refreshTokenAdvice?: string
  /**
   * The key that the tokens are bound to (RFC 9449): a `CryptoKeyPair`, or a private JWK of an elliptic curve. Kept with
   * the tokens, as a JWK where it can be exported.
   */
  readonly proofKey?: ProofKey
}
