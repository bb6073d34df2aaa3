import { type HttpAnswer, jsonAnswer } from './http-answer.ts'

/** Refusals of a resource server, by challenge; for `api.faults.answerWith`. */
export const apiAnswers = {
  /** @see RFC 6750, section 3.1 */
  invalidToken: refusal(401, 'Bearer realm="api", error="invalid_token", error_description="The token expired"'),
  bearerWithoutError: refusal(401, 'Bearer realm="api"'),
  withoutChallenge: refusal(401),
  dpopInvalidToken: refusal(401, 'DPoP error="invalid_token", algs="ES256"'),
  bearerAndDpop: refusal(401, ['Bearer realm="api"', 'DPoP algs="ES256"']),
  /** @see RFC 9449, section 9 */
  useDpopNonce: refusal(401, 'DPoP error="use_dpop_nonce"', { 'dpop-nonce': 'nonce-of-the-api' }),
  /** @see RFC 9470, section 3 */
  insufficientUserAuthentication: refusal(
    401,
    'Bearer error="insufficient_user_authentication", acr_values="urn:example:strong", max_age="60"',
  ),
  /** @see RFC 6750, section 3.1 */
  insufficientScope: refusal(403, 'Bearer error="insufficient_scope", scope="write"'),
  forbidden: refusal(403),
  /** A status that some gateways use for an expired session. */
  sessionExpired: refusal(459),
  serverError: refusal(500),
} satisfies Record<string, HttpAnswer>

function refusal(
  status: number,
  challenge?: string | readonly string[],
  headers: Record<string, string> = {},
): HttpAnswer {
  const answer = jsonAnswer(status, { message: 'refused by the API' }, headers)
  return challenge === undefined ? answer : { ...answer, headers: { ...answer.headers, 'www-authenticate': challenge } }
}
