import type { CreateProof } from './access-token.ts'

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
  /** What proves for one access token. */
  proofsFor(token: BoundToken): TokenProofs
  /** Remembers a server's `DPoP-Nonce` for the next proofs; `null` for a response without one. */
  rememberNonce(url: string, nonce: string | null): void
  /**
   * Sends a request with a proof, to either kind of server, and gives the response that is to be judged.
   *
   * As long as each response demands a nonce and brings a new one, it is sent again, at most five times. A response that
   * refuses the proof, and whose `Date` differs from the proof's time by more than 30 s, teaches the server's time: the
   * request is sent once more with that. A request that can be sent only once is not sent again, but what its response
   * teaches is kept.
   *
   * @param sendOnce sends the request with this value in the header `DPoP`
   * @throws what `createProof` and `sendOnce` throw
   * @see RFC 9449, sections 7.1, 8 and 9
   */
  send(request: ProvenRequest, sendOnce: (proof: string) => Promise<Response>): Promise<Response>
}

/** An access token that is bound to a key. */
export interface BoundToken {
  readonly accessToken: string
  /** As it is kept; `undefined` where it is missing, which each proof tells. */
  readonly proofKey: ProofKey | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Makes the proofs for one access token: one at a time, or as many as a request takes. */
export type TokenProofs = CreateProof & {
  readonly send: (
    request: { readonly method: string; readonly url: string; readonly isOneShot: boolean },
    sendOnce: (proof: string) => Promise<Response>,
  ) => Promise<Response>
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

/** A request that is sent with proofs: each time with a new one. */
export interface ProvenRequest extends Omit<ProofRequest, 'now'> {
  /** Whether its body can be sent only once. */
  readonly isOneShot?: boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
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
