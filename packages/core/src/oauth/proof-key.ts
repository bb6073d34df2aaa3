import { isCryptoKeyPair, type ProofKey } from '../token/proof.ts'

/** A key that can be exported, as a JWK; any other one as it is. */
export async function exportKey(proofKey: ProofKey): Promise<ProofKey> {
  if (!isCryptoKeyPair(proofKey) || !proofKey.privateKey.extractable) return proofKey
  return crypto.subtle.exportKey('jwk', proofKey.privateKey)
}

/** The key, ready to sign: from a JWK, or as it is. */
export async function importKey(proofKey: ProofKey): Promise<CryptoKeyPair> {
  if (isCryptoKeyPair(proofKey)) return proofKey
  const { kty, crv = '', x, y, d } = proofKey
  const algorithm = kty === 'EC' ? { name: 'ECDSA', namedCurve: crv } : { name: crv }
  const publicJwk = { kty, crv, x, ...(y === undefined ? {} : { y }) } as JsonWebKey
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey('jwk', { ...publicJwk, d } as JsonWebKey, algorithm, false, ['sign']),
    crypto.subtle.importKey('jwk', publicJwk, algorithm, true, ['verify']),
  ])
  return { privateKey, publicKey }
}

/** What one proof says. */
export interface ProofFacts {
  readonly method: string
  readonly url: string
  readonly accessToken?: string
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly nonce?: string | undefined
}

/** Signs proofs with one key. */
export type ProofSigner = (facts: ProofFacts) => Promise<string>

/**
 * Makes proofs of having a key: `oauth4webapi` makes them only while it sends a request itself.
 *
 * @throws DOMException where the key cannot sign, or its public half cannot be exported
 * @see RFC 9449, section 4.2
 */
export async function createProofSigner({ privateKey, publicKey }: CryptoKeyPair): Promise<ProofSigner> {
  const { ext: _ext, key_ops: _uses, alg: _alg, ...jwk } = await crypto.subtle.exportKey('jwk', publicKey)
  const { alg, parameters } = algorithmOf(privateKey)
  const header = encodeJson({ alg, typ: 'dpop+jwt', jwk })
  return async ({ method, url, accessToken, now, nonce }) => {
    const { origin, pathname } = new URL(url)
    const claims = {
      jti: encode(crypto.getRandomValues(new Uint8Array(16))),
      htm: method,
      htu: origin + pathname,
      iat: Math.floor(now / 1000),
      nonce,
      ath: accessToken && encode(await crypto.subtle.digest('SHA-256', utf8(accessToken))),
    }
    const input = `${header}.${encodeJson(claims)}`
    return `${input}.${encode(await crypto.subtle.sign(parameters, privateKey, utf8(input)))}`
  }
}

/** @see RFC 7518, section 3.1; RFC 9864, section 2.2, for `Ed25519` */
function algorithmOf({ algorithm }: CryptoKey): { alg: string; parameters: EcdsaParams | RsaPssParams | Algorithm } {
  const { name, namedCurve, hash } = algorithm as Partial<EcKeyAlgorithm & RsaHashedKeyAlgorithm> & KeyAlgorithm
  if (name === 'ECDSA') {
    const bits = namedCurve === 'P-521' ? '512' : namedCurve?.slice(2)
    return { alg: `ES${bits}`, parameters: { name, hash: `SHA-${bits}` } }
  }
  const bits = hash?.name.slice(4)
  if (name === 'RSASSA-PKCS1-v1_5') return { alg: `RS${bits}`, parameters: { name } }
  if (name === 'RSA-PSS') return { alg: `PS${bits}`, parameters: { name, saltLength: Number(bits) / 8 } }
  return { alg: name, parameters: { name } }
}

function encodeJson(value: object): string {
  return encode(utf8(JSON.stringify(value)))
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

/** @see RFC 4648, section 5 */
function encode(bytes: ArrayBuffer | Uint8Array): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
