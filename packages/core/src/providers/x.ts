import type { TokenEndpointFailureFacts } from '../token/failure-facts.ts'
import type { ProviderPreset } from './preset.ts'

function classifyFailure({ body }: TokenEndpointFailureFacts) {
  const isAboutToken = /passed for the token/i.test(String(body?.error_description))
  return body?.error === 'invalid_request' && isAboutToken ? 'grantRejected' : undefined
}

/**
 * X (Twitter). A refresh token is used once; a dead one is an `invalid_request`.
 *
 * @see https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
 * @see https://github.com/trypostit/trypost/issues/126 for the dead refresh token
 */
export const x = {
  issuer: 'https://x.com',
  metadata: {
    authorization_endpoint: 'https://x.com/i/oauth2/authorize',
    token_endpoint: 'https://api.x.com/2/oauth2/token',
    revocation_endpoint: 'https://api.x.com/2/oauth2/revoke',
  },
  provider: {
    classifyFailure,
    refreshTokenAdvice: 'Ask for the scope `offline.access` when signing in; it is spelt with a dot.',
  },
} as const satisfies ProviderPreset
