import type { TokenEndpointFailureFacts } from '../token/failure-facts.ts'
import { type ProviderPreset, secretInBody } from './preset.ts'

function classifyFailure({ status, body }: TokenEndpointFailureFacts) {
  return status === 401 && /invalid refresh token/i.test(String(body?.message)) ? 'grantRejected' : undefined
}

/**
 * Square. Its token endpoint takes JSON. It has one `type` of error for a dead refresh token and for a wrong secret, so the
 * sentence beside it decides.
 *
 * @see https://developer.squareup.com/reference/square/oauth-api/obtain-token
 * @see https://developer.squareup.com/forums/t/getting-error-while-renew-token/11056 for the dead refresh token
 */
export const square = {
  issuer: 'https://connect.squareup.com',
  metadata: {
    token_endpoint_auth_methods_supported: secretInBody,
    authorization_endpoint: 'https://connect.squareup.com/oauth2/authorize',
    token_endpoint: 'https://connect.squareup.com/oauth2/token',
  },
  tokenRequestFormat: 'json',
  provider: {
    classifyFailure,
  },
} as const satisfies ProviderPreset
