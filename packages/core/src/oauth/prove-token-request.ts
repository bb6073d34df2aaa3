import type { GrantRequest } from '../token/grant.ts'
import type { ProofKey } from '../token/proof.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { TokenResponse } from './read-token-response.ts'

/**
 * The headers of one token request with a proof of the exchange's key, which is made where there is none yet; none where
 * tokens are bound to no key.
 * @throws Error where the platform cannot make a key or use it
 * @see RFC 9449, section 5
 */
export async function createProofHeaders(
  { dpop }: AuthorizationServer,
  { request, exchange, url }: { request: GrantRequest; exchange: { proofKey: ProofKey | undefined }; url: string },
): Promise<Record<string, string>> {
  if (dpop === undefined) return {}
  exchange.proofKey ??= await dpop.createKey()
  const { proofKey } = exchange
  return { dpop: await dpop.createProof({ proofKey, method: 'POST', url, now: request.now() }) }
}

/**
 * Whether a response demands the nonce that came with it, having looked at nothing else yet.
 * @see RFC 9449, section 8
 */
export function isNonceDemanded({ dpop }: AuthorizationServer, tokenResponse: TokenResponse): boolean {
  if (dpop === undefined || tokenResponse.kind !== 'answer') return false
  const { complete, body } = tokenResponse.answer
  return complete && body?.error === 'use_dpop_nonce'
}
