import { parseChallenges } from './parse-challenges.ts'

/** What a resource server's response says of the access token that the request carried. */
export type ResponseVerdict =
  /** It was not refused; the request itself may have failed all the same. */
  | 'accepted'
  /** It was refused: a refresh may help. */
  | 'rejected'
  /** The proof lacked the server's nonce: the same request again with it, without a refresh. */
  | 'nonceRequired'
  /** Another token by a refresh would not do: the user must sign in anew, or for more. */
  | 'stepUpRequired'

/**
 * Judges a resource server's response by its status and by the `error` parameter of its challenges.
 *
 * @param response `challenge` is the `WWW-Authenticate` header, which browsers hide across origins; `hasDpopNonce`
 *   tells whether a `DPoP-Nonce` came along, without which a demand for one cannot be met
 * @param rejectedStatuses statuses besides 401 that mean "this token is rejected"
 * @see RFC 6750, section 3.1; RFC 9449, section 9; RFC 9470, section 3
 */
export function classifyResponse(
  response: { readonly status: number; readonly challenge: string | null; readonly hasDpopNonce?: boolean },
  rejectedStatuses: ReadonlySet<number>,
): ResponseVerdict {
  const { status, challenge, hasDpopNonce = true } = response
  const isListed = rejectedStatuses.has(status)
  if (status !== 401 && status !== 403) return isListed ? 'rejected' : 'accepted'
  const errors = new Set(parseChallenges(challenge ?? '').map(({ parameters }) => parameters.error))
  if (status === 403) {
    if (errors.has('insufficient_scope')) return 'stepUpRequired'
    return isListed ? 'rejected' : 'accepted'
  }
  if (errors.has('use_dpop_nonce') && hasDpopNonce) return 'nonceRequired'
  return errors.has('insufficient_user_authentication') ? 'stepUpRequired' : 'rejected'
}
