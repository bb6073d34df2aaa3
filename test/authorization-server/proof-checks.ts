import { createHash, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { calculateJwkThumbprint, EmbeddedJWK, type JWTPayload, jwtVerify } from 'jose'
import { type HttpAnswer, jsonAnswer } from './http-answer.ts'

/** What a proof is worth: `nonceMissing` where all is well but for the nonce that is demanded. */
export type ProofVerdict = 'valid' | 'nonceMissing' | 'invalid'

/** How an API demands proofs with tokens that are bound to a key. */
export interface ProofDemands {
  /** Whether a proof must have the API's nonce. */
  requiresNonce: boolean
  /** Takes another nonce from now on, and not the one before. */
  changeNonce(): void
  /** Offers another nonce with each answer from now on, and still takes the one before. */
  offerNonce(): void
  /** From now on offers another nonce with each answer, and takes each once. */
  useNoncesUp(): void
}

/** What the checks know of a request. */
export interface ProofSubject {
  readonly request: IncomingMessage
  readonly origin: string
  readonly accessToken: string | undefined
  /** Of the key that the access token is bound to. */
  readonly thumbprint: string | undefined
}

/** The side that the API sees. */
export interface ProofChecks extends ProofDemands {
  /** Judges the proof that came with a request; `undefined` where none came. */
  check(subject: ProofSubject): Promise<ProofVerdict | undefined>
  /** The nonce for the next proofs, in an answer's headers. */
  headers(): Record<string, string>
}

/** How far the time of a proof may be off, in seconds. */
const tolerance = 60

/** Checks proofs for one API. */
export function createProofChecks(): ProofChecks {
  /** The first is the one to offer. */
  let nonces: string[] = [randomUUID()]
  const seen = new Set<string>()
  let usesUp = false

  function judge({ nonce, jti = '' }: JWTPayload): ProofVerdict {
    // A proof counts once (RFC 9449, section 11.1).
    if (jti === '' || seen.has(jti)) return 'invalid'
    seen.add(jti)
    const isTaken = !checks.requiresNonce || nonces.includes(String(nonce))
    if (usesUp) nonces = nonces.filter((other) => other !== nonce)
    return isTaken ? 'valid' : 'nonceMissing'
  }

  const checks: ProofChecks = {
    requiresNonce: false,
    changeNonce() {
      nonces = [randomUUID()]
    },
    offerNonce() {
      nonces = [randomUUID(), ...nonces]
    },
    useNoncesUp() {
      usesUp = true
    },
    async check(subject) {
      const proof = subject.request.headers.dpop
      if (proof === undefined) return undefined
      try {
        return judge(await readProof(String(proof), subject))
      } catch {
        return 'invalid'
      }
    },
    headers(): Record<string, string> {
      if (usesUp) checks.offerNonce()
      return checks.requiresNonce ? { 'dpop-nonce': nonces[0] ?? '' } : {}
    },
  }
  return checks
}

/** Its claims, if it is a proof of the right key for this request (RFC 9449, section 4.3). */
async function readProof(
  proof: string,
  { request, origin, accessToken = '', thumbprint }: ProofSubject,
): Promise<JWTPayload> {
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt', algorithms: ['ES256'] })
  const { jwk } = protectedHeader
  const age = Math.abs(Date.now() / 1000 - (payload.iat ?? 0))
  const isAsExpected =
    jwk !== undefined &&
    !('d' in jwk) &&
    payload.htm === request.method &&
    payload.htu === `${origin}${request.url?.replace(/[?#].*/, '')}` &&
    payload.ath === createHash('sha256').update(accessToken).digest('base64url') &&
    (age < tolerance || payload.nonce !== undefined)
  if (!isAsExpected) throw new Error('The proof is for something else')
  if (thumbprint !== (await calculateJwkThumbprint(jwk))) throw new Error('The proof is of another key')
  return payload
}

/**
 * The refusal of a request whose token is bound to a key; `undefined` when it came with a proof of that.
 * @see RFC 9449, sections 7.1 and 9
 */
export function refusalOf(scheme: string | undefined, verdict: ProofVerdict | undefined): HttpAnswer | undefined {
  if (scheme?.toLowerCase() !== 'dpop') return refusal('invalid_token')
  if (verdict === 'valid') return undefined
  return refusal(verdict === 'nonceMissing' ? 'use_dpop_nonce' : 'invalid_dpop_proof')
}

function refusal(error: string): HttpAnswer {
  return jsonAnswer(401, { error }, { 'www-authenticate': `DPoP error="${error}", algs="ES256"` })
}
