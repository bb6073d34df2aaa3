import { readBody } from './read-body.ts'

/** What a server says of a proof that it does not accept. */
export type ProofError = 'use_dpop_nonce' | 'invalid_dpop_proof'

const proofError = /\berror"?\s*[=:]\s*"?(use_dpop_nonce|invalid_dpop_proof)\b/i

/**
 * What a response says of the request's proof: a resource server in its challenge, an authorization server in the body.
 * The body of the response can still be read. Never throws.
 *
 * @see RFC 9449, sections 5, 7.1, 8 and 9
 */
export async function readProofError(
  response: Response,
  { isTokenRequest }: { isTokenRequest: boolean },
): Promise<ProofError | undefined> {
  const { status, headers } = response
  if (status !== 400 && status !== 401) return undefined
  const text = isTokenRequest ? await readCopy(response) : headers.get('www-authenticate')
  return proofError.exec(text ?? '')?.[1]?.toLowerCase() as ProofError | undefined
}

async function readCopy(response: Response): Promise<string | undefined> {
  try {
    return await readBody(response.clone())
  } catch {
    // A body that was read already.
    return undefined
  }
}
