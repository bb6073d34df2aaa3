import { checkOptions, flag, type OptionRules } from '../errors/check-options.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { SignInError } from '../errors/sign-in-error.ts'
import { StoreError } from '../errors/store-error.ts'
import type { CreateProof } from '../token/access-token.ts'
import {
  isCryptoKeyPair,
  isProofKey,
  type ProofKey,
  type ProofMaker,
  type ProofRequest,
  type ProvenRequest,
  type TokenProofs,
} from '../token/proof.ts'
import { readBody } from './http.ts'
import { createOriginMemory } from './origin-memory.ts'
import { createProofSigner, exportKey, importKey, type ProofSigner } from './proof-key.ts'

/** Options of `dpop`. */
export interface DpopOptions {
  /**
   * Whether new keys can be exported, and so be kept by any store. Default: where there is no IndexedDB, which keeps keys
   * that cannot be; a store of your own in a page needs `true` unless it keeps `CryptoKey`s.
   */
  readonly extractable?: boolean
}

const rules: OptionRules<DpopOptions> = { extractable: flag }

/** Longer than any nonce; what is longer is not carried along with every request. */
const longestNonce = 2048

/** How often a request is sent again for a new nonce. */
const mostNonces = 5

/** Servers accept proofs that are older or newer by a minute or so; a clock that differs by less is not to blame. */
const toleratedSkewMilliseconds = 30_000

/**
 * Binds tokens to a key, so that a copied token cannot be used: each token request and each request to the API carries a
 * proof, made anew. Nonces that servers demand are remembered for each origin and sent first; so is the time of a server
 * that refuses proofs because this device's clock is wrong.
 *
 * Give the same one to the sign-in and to the grant. It is a separate import, so that it is tree-shaken when unused.
 *
 * @example
 * const server = { issuer: 'https://login.acme.example', clientId: 'acme-cli', dpop: dpop() }
 * const session = createSession({ key, store, grant: refreshTokenGrant(server), allowedOrigins })
 * @throws ConfigurationError when an option is malformed or unknown
 * @see RFC 9449
 */
export function dpop(options: DpopOptions = {}): ProofMaker {
  checkOptions(options, rules)
  const { extractable } = options
  const nonces = createOriginMemory<string>()
  /** How far each server's clock is ahead of the session's, in milliseconds; only where that has mattered. */
  const skews = createOriginMemory<number>()
  /** Each key is imported once. */
  const signers = new WeakMap<object, Promise<ProofSigner>>()

  function openKey(proofKey: ProofKey): Promise<ProofSigner> {
    const known = signers.get(proofKey)
    if (known !== undefined) return known
    const signer = importKey(proofKey).then(createProofSigner)
    signers.set(proofKey, signer)
    return signer
  }

  async function prove({ proofKey, ...request }: ProofRequest & { nonce: string | undefined }): Promise<string> {
    if (proofKey === undefined) throw keyFailed('is missing')
    try {
      const sign = await openKey(proofKey)
      return await sign({ ...request, now: request.now + (skews.find(request.url) ?? 0) })
    } catch {
      // What Web Cryptography says of a key may quote it.
      throw keyFailed('cannot be used')
    }
  }

  function rememberNonce(url: string, nonce: string | null): void {
    if (nonce !== null && nonce !== '' && nonce.length <= longestNonce) nonces.remember(url, nonce)
  }

  /** Whether a response shows that the server's clock is another one than the proof's. */
  function learnTime(url: string, response: Response, now: number): boolean {
    const skew = Date.parse(response.headers.get('date') ?? '') - now
    // False where there is no date that can be read.
    const isOff = Math.abs(skew - (skews.find(url) ?? 0)) > toleratedSkewMilliseconds
    if (isOff) skews.remember(url, skew)
    return isOff
  }

  async function send(
    { isOneShot = false, now, ...request }: ProvenRequest,
    sendOnce: (proof: string) => Promise<Response>,
  ): Promise<Response> {
    const { url, accessToken } = request
    const tried = new Set<string | undefined>()
    let isTimeLearnt = false
    let nonce = nonces.find(url)
    for (;;) {
      tried.add(nonce)
      const sentAt = now()
      const response = await sendOnce(await prove({ ...request, now: sentAt, nonce }))
      const offered = response.headers.get('dpop-nonce')
      rememberNonce(url, offered)
      const error = await readProofError(response, { isTokenRequest: accessToken === undefined })
      const needsTime: boolean = error === 'invalid_dpop_proof' && learnTime(url, response, sentAt) && !isTimeLearnt
      const needsNonce = error === 'use_dpop_nonce' && tried.size <= mostNonces && isNew(offered)
      if (isOneShot || !(needsTime || needsNonce)) return response
      isTimeLearnt ||= needsTime
      // Its own, and not the latest of the server: another request may use that up meanwhile.
      nonce = offered ?? nonce
      response.body?.cancel().catch(() => {})
    }

    function isNew(offered: string | null): boolean {
      return offered !== null && offered !== '' && offered.length <= longestNonce && !tried.has(offered)
    }
  }

  const createProof: ProofMaker['createProof'] = (request) => prove({ ...request, nonce: nonces.find(request.url) })

  return {
    async createKey() {
      const canExport = extractable ?? globalThis.indexedDB === undefined
      // Nearly all servers that have DPoP have ES256.
      const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
      return exportKey(await crypto.subtle.generateKey(algorithm, canExport, ['sign', 'verify']))
    },
    takeKey: readKey,
    createProof,
    rememberNonce,
    send,
    proofsFor({ now, ...token }) {
      const proveOne: CreateProof = async ({ method, url: target, nonce }) => {
        const url = String(target)
        if (!URL.canParse(url)) throw new ConfigurationError('url', 'must be absolute, such as https://a.example/b.')
        rememberNonce(url, nonce ?? null)
        return createProof({ ...token, method, url, now: now() })
      }
      const sendWithProofs: TokenProofs['send'] = ({ method, url, isOneShot }, sendOnce) =>
        send({ ...token, method, url, isOneShot, now }, sendOnce)
      return Object.assign(proveOne, { send: sendWithProofs })
    },
  }
}

/** The key of a sign-in, after a proof was made with it: what is wrong with a key shows when it is used. */
async function readKey(proofKey: unknown): Promise<ProofKey> {
  if (proofKey === undefined) throw unusable('they are bound to a key (`tokenType` is DPoP), and `proofKey` is missing')
  try {
    if (!isProofKey(proofKey)) throw new TypeError('neither a CryptoKeyPair nor a private JWK')
    const sign = await createProofSigner(await importKey(proofKey))
    await sign({ method: 'GET', url: 'https://a.example', now: 0 })
    // A copy: the app may change its own object afterwards.
    return await exportKey(isCryptoKeyPair(proofKey) ? proofKey : { ...proofKey })
  } catch {
    throw unusable('`proofKey` must be a key that can sign proofs: a CryptoKeyPair, or a private JWK of ES256')
  }
}

function unusable(problem: string): SignInError {
  return new SignInError('unusableTokens', `The tokens that were given to signIn cannot be used: ${problem}.`)
}

function keyFailed(problem: string): StoreError {
  return new StoreError('recordUnreadable', `The key that the tokens are bound to ${problem}; sign in anew.`)
}

const proofError = /\berror"?\s*[=:]\s*"?(use_dpop_nonce|invalid_dpop_proof)\b/i

/**
 * What a response says of the request's proof: a resource server in its challenge, an authorization server in the body.
 * The body of the response can still be read. Never throws.
 *
 * @see RFC 9449, sections 5, 7.1, 8 and 9
 */
async function readProofError(
  response: Response,
  { isTokenRequest }: { isTokenRequest: boolean },
): Promise<'use_dpop_nonce' | 'invalid_dpop_proof' | undefined> {
  const { status, headers } = response
  if (status !== 400 && status !== 401) return undefined
  const text = (isTokenRequest ? await readCopy(response) : headers.get('www-authenticate')) ?? ''
  const said = proofError.exec(text)?.[1]?.toLowerCase()
  if (said === 'use_dpop_nonce' || said === 'invalid_dpop_proof') return said
  // Keycloak says `invalid_request`, and what is wrong in the description only.
  return isTokenRequest && /\bDPoP proof\b/i.test(text) ? 'invalid_dpop_proof' : undefined
}

async function readCopy(response: Response): Promise<string | undefined> {
  try {
    return await readBody(response.clone())
  } catch {
    // What an app's own fetch gave has been read already.
    return undefined
  }
}
