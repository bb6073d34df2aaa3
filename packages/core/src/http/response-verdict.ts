import { classifyResponse, type ResponseVerdict } from '../policy/classify-response.ts'
import { httpOriginOf } from './token-origins.ts'

/**
 * Judges a response to a request that carried the token to an origin; `notOurs` if it comes from where the token did
 * not go. The body is left alone.
 */
export function readVerdict(
  response: Response,
  origin: string,
  rejectedStatuses: ReadonlySet<number>,
): ResponseVerdict | 'notOurs' {
  const { status } = response
  // No other status says anything about a token, and most responses need no look at their headers.
  if (status !== 401 && status !== 403 && !rejectedStatuses.has(status)) return 'accepted'
  // Fetch drops the header on the way to another origin.
  if (response.redirected && httpOriginOf(response.url) !== origin) return 'notOurs'
  const challenge = response.headers.get('www-authenticate')
  return classifyResponse({ status, challenge, hasDpopNonce: response.headers.has('dpop-nonce') }, rejectedStatuses)
}
