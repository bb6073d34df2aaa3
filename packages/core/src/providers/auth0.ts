import type { TokenEndpointFailureFacts } from '../token/failure-facts.ts'
import type { ProviderPreset } from './preset.ts'

function classifyFailure({ status, body }: TokenEndpointFailureFacts) {
  return status === 401 && body?.error === 'access_denied' ? 'clientRejected' : undefined
}

/**
 * Auth0. The app names the issuer, such as `https://acme.eu.auth0.com/`. A wrong client secret is a 401 `access_denied`;
 * a 403 `access_denied` is a denial by an Action.
 *
 * @see https://auth0.com/docs/secure/tokens/refresh-tokens
 * @see https://support.auth0.com/center/s/article/troubleshoot-refresh-token-unknown-or-invalid-before-expiry-403-unknown-or-invalid-refresh-token
 */
export const auth0 = {
  provider: {
    classifyFailure,
    refreshTokenAdvice:
      'Ask for the scope `offline_access`, and allow offline access to the API and the grant type to the application.',
  },
} as const satisfies ProviderPreset
