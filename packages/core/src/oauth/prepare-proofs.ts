import type { GrantRequest, TokenEndpointFailure } from '../token/grant.ts'
import type { ProofKey } from '../token/proof.ts'
import type { AuthorizationServer } from './authorization-server.ts'

/** The proofs of one token request, which may have to be sent twice. */
export interface Proving {
  /** The key that the tokens will be bound to; absent where they are bound to none. */
  readonly proofKey?: ProofKey
  /** The headers of the next send, with a proof of its own. */
  createHeaders(): Promise<Record<string, string>>
  /** Remembers the nonce that came with a response; says whether there was one, and somebody to remember it. */
  takeNonce(response: Response): boolean
}

const noProofs: Proving = { createHeaders: async () => ({}), takeNonce: () => false }

/**
 * Finds the key that the tokens of a request will be bound to: the request's, else a new one. Never throws.
 *
 * A failure says that nothing was sent: `dpopMissing` where the tokens are bound to a key but the grant has no `dpop`,
 * `proofKeyNotMade` where the platform cannot make one.
 */
export async function prepareProofs(
  { dpop }: AuthorizationServer,
  { request, url }: { request: GrantRequest; url: string },
): Promise<Proving | { readonly failure: TokenEndpointFailure }> {
  if (dpop === undefined) return request.proofKey === undefined ? noProofs : notSent('dpopMissing')
  try {
    const proofKey = request.proofKey ?? (await dpop.createKey())
    return {
      proofKey,
      async createHeaders() {
        return { dpop: await dpop.createProof({ proofKey, method: 'POST', url, now: request.now() }) }
      },
      takeNonce({ headers }) {
        const nonce = headers.get('dpop-nonce')
        dpop.rememberNonce(url, nonce)
        return nonce !== null
      },
    }
  } catch {
    return notSent('proofKeyNotMade')
  }
}

function notSent(code: string): { failure: TokenEndpointFailure } {
  return { failure: { kind: 'transport', sent: 'no', code } }
}
