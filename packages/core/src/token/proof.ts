/**
 * The key that tokens are bound to: in browsers a `CryptoKeyPair` whose private key cannot be exported, elsewhere the
 * private key as a JWK. A secret, kept beside the token set.
 *
 * @see RFC 9449, section 1
 */
export type ProofKey = CryptoKeyPair | JsonWebKey

/** Makes keys that tokens are bound to, and the proofs of having them; `dpop` of `@authchart/core/oauth` makes one. */
export interface ProofMaker {
  /**
   * A new key, as it is kept.
   * @throws Error where the platform has no Web Cryptography, such as a page without https
   */
  createKey(): Promise<ProofKey>
  /**
   * The key of a sign-in, in the form in which a store is to keep it: as a JWK wherever it can be exported.
   * @throws SignInError when there is none, or no proof can be made with it
   */
  takeKey(proofKey: unknown): Promise<ProofKey>
  /**
   * A proof for one request, with the latest nonce of the server it goes to.
   * @throws StoreError when the key is missing or cannot be used
   * @see RFC 9449, section 4.2
   */
  createProof(request: ProofRequest): Promise<string>
  /** Remembers a server's `DPoP-Nonce` for the next proofs; `null` for a response without one. */
  rememberNonce(url: string, nonce: string | null): void
}

/** What a proof is about. */
export interface ProofRequest {
  /** As it goes over the wire, such as `POST`. */
  readonly method: string
  /** Absolute; its query and fragment are not part of the proof. */
  readonly url: string
  /** The access token that goes with it; none goes with a token request. */
  readonly accessToken?: string
  /** As it is kept. */
  readonly proofKey: ProofKey | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Whether a value can be the key that tokens are bound to. */
export function isProofKey(value: unknown): value is ProofKey {
  if (typeof value !== 'object' || value === null) return false
  const { privateKey, publicKey, kty, d } = value as Record<string, unknown>
  return (isCryptoKey(privateKey) && isCryptoKey(publicKey)) || (typeof kty === 'string' && typeof d === 'string')
}

/** Whether a key is one that only a store can keep that keeps `CryptoKey`s. */
export function isCryptoKeyPair(proofKey: ProofKey): proofKey is CryptoKeyPair {
  return 'privateKey' in proofKey
}

function isCryptoKey(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object CryptoKey]'
}
