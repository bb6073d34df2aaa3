import { createHash, randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'

/** Makes a key that tokens can be bound to: a private JWK. */
export async function createProofKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return exportJWK(privateKey)
}

/**
 * A proof for one request, made by another library than the packages use.
 * @see RFC 9449, section 4.2
 */
export async function proveByHand(
  key: JWK,
  request: { method: string; url: string; accessToken?: string; nonce?: string | undefined },
): Promise<string> {
  const { method, url, accessToken, nonce } = request
  const { d: _private, ...publicKey } = key
  return new SignJWT({
    htm: method,
    htu: url,
    jti: randomUUID(),
    ...(nonce === undefined ? {} : { nonce }),
    ...(accessToken === undefined ? {} : { ath: createHash('sha256').update(accessToken).digest('base64url') }),
  })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: publicKey })
    .setIssuedAt()
    .sign(await importJWK(key, 'ES256'))
}

/** Sends a request with proofs of a key: once more with the nonce, if the server demands one. */
export async function fetchWithProof(url: URL, init: RequestInit, key: JWK): Promise<Response> {
  const send = async (nonce?: string) => {
    const proof = await proveByHand(key, { method: init.method ?? 'GET', url: url.href, nonce })
    return fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), dpop: proof } })
  }
  const response = await send()
  const nonce = response.headers.get('dpop-nonce')
  return response.ok || nonce === null ? response : send(nonce)
}
