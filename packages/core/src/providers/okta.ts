import type { TokenEndpointFailureFacts } from '../token/failure-facts.ts'
import type { ProviderPreset } from './preset.ts'

function classifyFailure({ status, headers, body }: TokenEndpointFailureFacts) {
  const reset = Number(headers?.['x-rate-limit-reset'])
  if (status === 429 && reset > 0) return { kind: 'transient', retryAt: reset * 1000 } as const
  // A policy that wants another network or device: it is satisfied again without a sign-in.
  const isPolicy = /policy evaluation/i.test(String(body?.error_description))
  return body?.error === 'access_denied' && isPolicy ? 'transient' : undefined
}

/**
 * Okta. The app names the issuer, such as `https://acme.okta.com/oauth2/default`.
 *
 * @see https://developer.okta.com/docs/reference/rl-best-practices/ for `X-Rate-Limit-Reset`
 * @see https://github.com/oktadev/okta-wordpress-sign-in-widget/issues/35 for the denial by a policy
 * @see https://github.com/okta/okta-idx-java/issues/500 for the client's error, which the general rules know
 */
export const okta = {
  provider: {
    classifyFailure,
    refreshTokenAdvice: 'Ask for the scope `offline_access`, and allow the client the grant type `refresh_token`.',
  },
} as const satisfies ProviderPreset
