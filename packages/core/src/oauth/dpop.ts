import * as oauth from 'oauth4webapi'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import { SignInError } from '../errors/sign-in-error.ts'
import { StoreError } from '../errors/store-error.ts'
import { isCryptoKeyPair, isProofKey, type ProofKey, type ProofMaker } from '../token/proof.ts'
import { createNonceMemory } from './nonce-memory.ts'

/** Options of `dpop`. */
export interface DpopOptions {
  /**
   * Whether new keys can be exported, and so be kept by any store. Default: where there is no IndexedDB, which keeps keys
   * that cannot be; a store of your own in a page needs `true` unless it keeps `CryptoKey`s.
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
    async createKey() {
      const canExport = extractable ?? globalThis.indexedDB === undefined
      // Every server that has DPoP at all has ES256, as good as.
      return exportKey(await oauth.generateKeyPair('ES256', { extractable: canExport }))
    },
    takeKey: readKey,
    async createProof({ proofKey, ...request }) {
      if (proofKey === undefined) throw keyFailed('is missing')
      try {
        return await signProof(await openKey(proofKey), { ...request, nonce: nonces.find(request.url) })
      } catch {
        // What Web Cryptography says of a key may quote it.
        throw keyFailed('cannot be used')
      }
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

/** The key of a sign-in, once a proof could be made with it: whatever is wrong with a key shows when it is used. */
async function readKey(proofKey: unknown): Promise<ProofKey> {
  if (proofKey === undefined) throw unusable('they are bound to a key (`tokenType` is DPoP), and `proofKey` is missing')
  try {
    if (!isProofKey(proofKey)) throw new TypeError('neither a CryptoKeyPair nor a private JWK')
    await signProof(await importKey(proofKey), { method: 'GET', url: 'https://a.example', now: 0 })
    // What the app does to its own object afterwards is not ours to follow.
    return await exportKey(isCryptoKeyPair(proofKey) ? proofKey : { ...proofKey })
  } catch {
    throw unusable('`proofKey` is no key that proofs can be made with: a CryptoKeyPair, or a private JWK of ES256')
  }
}

function unusable(problem: string): SignInError {
  return new SignInError('unusableTokens', `The tokens that were given to signIn cannot be used: ${problem}.`)
}

function keyFailed(problem: string): StoreError {
  return new StoreError('recordUnreadable', `The key that the tokens are bound to ${problem}; sign in anew.`)
}

async function signProof(
  keyPair: CryptoKeyPair,
  request: { method: string; url: string; accessToken?: string; now: number; nonce?: string | undefined },
): Promise<string> {
  const { method, url, accessToken, now, nonce } = request
  // fetch does not put every method in capitals, oauth4webapi does; and it knows the system's clock only.
  const claims = {
    htm: method,
    iat: Math.floor(now / 1000),
    nonce,
    ...(accessToken === undefined ? { ath: undefined } : {}),
  }
  const modify: oauth.ModifyAssertionFunction = (_header, payload) => void Object.assign(payload, claims)
  let proof = ''
  // It makes proofs only in passing, while it sends a request: this one goes nowhere.
  await oauth.protectedResourceRequest(accessToken ?? 'none', method, new URL(url), undefined, undefined, {
    DPoP: oauth.DPoP({}, keyPair, { [oauth.modifyAssertion]: modify }),
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
