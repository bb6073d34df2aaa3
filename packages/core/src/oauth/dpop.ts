import * as oauth from 'oauth4webapi'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import { isCryptoKeyPair, isProofKey, type ProofKey, type ProofMaker } from '../token/proof.ts'
import { createNonceMemory } from './nonce-memory.ts'

/** Options of `dpop`. */
export interface DpopOptions {
  /**
   * Whether keys can be exported, and so be kept by any store. Default: where there is no IndexedDB, which keeps keys
   * that cannot be.
   */
  readonly extractable?: boolean
}

/**
 * Binds tokens to a key, so that whoever copies a token cannot use it: each token request and each request to the API
 * carries a proof, made anew. Nonces that servers demand are remembered for each origin and sent first.
 *
 * Give the same one to the sign-in and to the grant. It is an import of its own, so that who does not use it does not
 * load it. Servers compare the proof's time with theirs, and let it differ by some minutes; most demand a nonce where
 * it differs by more.
 *
 * @example
 * const server = { issuer: 'https://login.acme.example', clientId: 'acme-cli', dpop: dpop() }
 * const session = createSession({ key, store, grant: refreshTokenGrant(server), allowedOrigins })
 * @throws ConfigurationError when an option is malformed or unknown
 * @see RFC 9449
 */
export function dpop(options: DpopOptions = {}): ProofMaker {
  const { extractable } = readOptions(options)
  const nonces = createNonceMemory()
  /** Each key is imported once. */
  const keyPairs = new WeakMap<object, Promise<CryptoKeyPair>>()

  function openKey(proofKey: ProofKey): Promise<CryptoKeyPair> {
    const known = keyPairs.get(proofKey)
    if (known !== undefined) return known
    const keyPair = importKey(proofKey)
    keyPairs.set(proofKey, keyPair)
    return keyPair
  }

  return {
    async createKey({ extractable: asked } = {}) {
      const canExport = asked ?? extractable ?? globalThis.indexedDB === undefined
      // Every server that has DPoP at all has ES256, as good as.
      return exportKey(await oauth.generateKeyPair('ES256', { extractable: canExport }))
    },
    async toStoredKey(proofKey) {
      if (!isProofKey(proofKey)) throw new TypeError('it is neither a CryptoKeyPair nor a private JWK')
      // Whatever is wrong with it shows when it is used.
      await createProof(await openKey(proofKey), { method: 'GET', url: 'https://a.example', accessToken: 'a', now: 0 })
      // What the app does to its own object afterwards is not ours to follow.
      return exportKey(isCryptoKeyPair(proofKey) ? proofKey : { ...proofKey })
    },
    async createProof({ proofKey, ...request }) {
      return createProof(await openKey(proofKey), { ...request, nonce: nonces.find(request.url) })
    },
    rememberNonce: nonces.remember,
  }
}

function readOptions(options: DpopOptions): DpopOptions {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError('options', 'must be an object.')
  rejectUnknownOptions(options, { extractable: true } satisfies Record<keyof DpopOptions, true>)
  const { extractable } = options
  if (extractable !== undefined && typeof extractable !== 'boolean') {
    throw new ConfigurationError('extractable', 'must be true or false.')
  }
  return options
}

async function createProof(
  keyPair: CryptoKeyPair,
  request: { method: string; url: string; accessToken?: string; now: number; nonce?: string | undefined },
): Promise<string> {
  const { method, url, accessToken, now, nonce } = request
  // fetch does not put every method in capitals, oauth4webapi does.
  const claims = { htm: method, nonce, ...(accessToken === undefined ? { ath: undefined } : {}) }
  const client = { client_id: '', [oauth.clockSkew]: Math.round((now - Date.now()) / 1000) }
  const modify: oauth.ModifyAssertionFunction = (_header, payload) => void Object.assign(payload, claims)
  let proof = ''
  // It makes proofs only in passing, while it sends a request: this one goes nowhere.
  await oauth.protectedResourceRequest(accessToken ?? 'none', method, new URL(url), undefined, undefined, {
    DPoP: oauth.DPoP(client, keyPair, { [oauth.modifyAssertion]: modify }),
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: async (_url, { headers }) => {
      proof = headers.dpop ?? ''
      return new Response()
    },
  })
  return proof
}

/** A key that can be exported, as a JWK; any other one as it is. */
async function exportKey(proofKey: ProofKey): Promise<ProofKey> {
  if (!isCryptoKeyPair(proofKey) || !proofKey.privateKey.extractable) return proofKey
  return crypto.subtle.exportKey('jwk', proofKey.privateKey)
}

async function importKey(proofKey: ProofKey): Promise<CryptoKeyPair> {
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
