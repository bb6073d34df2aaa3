import type { CreateProof } from '../token/access-token.ts'
import { discard } from './discard-response.ts'
import { readVerdict } from './response-verdict.ts'
import type { Sendable, TokenSender } from './send-with-token.ts'

/**
 * Sends a request whose token is bound to a key, with a proof made for this very send. If the server demands a nonce,
 * sends it once more with that; a body that can be sent only once is not, but the next request has the nonce.
 *
 * @throws what `createProof` and `sendOnce` throw
 * @see RFC 9449, sections 7 and 9
 */
export async function sendWithProof(
  { port }: TokenSender,
  sendable: Sendable,
  { createProof, sendOnce }: { createProof: CreateProof; sendOnce: (proof: string) => Promise<Response> },
): Promise<Response> {
  const target = sendable.target()
  const response = await sendOnce(await createProof(target))
  rememberNonce(response)
  if (sendable.isOneShot || readVerdict(response, sendable.origin, port.rejectedStatuses) !== 'nonceRequired') {
    return response
  }
  discard(response)
  const again = await sendOnce(await createProof(target))
  rememberNonce(again)
  return again

  function rememberNonce({ headers }: Response) {
    port.rememberNonce(target.url, headers.get('dpop-nonce'))
  }
}
