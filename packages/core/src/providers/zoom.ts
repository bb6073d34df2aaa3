import type { TokenEndpointFailureFacts } from '../token/failure-facts.ts'
import type { ProviderPreset } from './preset.ts'

function classifyFailure({ body }: TokenEndpointFailureFacts) {
  if (body?.error !== 'invalid_request') return undefined
  return /invalid token|refresh token invalid/i.test(String(body.reason)) ? 'grantRejected' : 'transient'
}

/**
 * Zoom. It says `invalid_request` of a dead refresh token, with "Invalid Token!", and of faults of its own.
 *
 * @see https://developers.zoom.us/docs/integrations/oauth/
 * @see https://developers.zoom.us/docs/integrations/oauth-error-messages/ for the sentences, and its "catch all for
 *   unexpected errors"
 */
export const zoom = {
  issuer: 'https://zoom.us',
  metadata: {
    authorization_endpoint: 'https://zoom.us/oauth/authorize',
    token_endpoint: 'https://zoom.us/oauth/token',
    revocation_endpoint: 'https://zoom.us/oauth/revoke',
  },
  provider: {
    classifyFailure,
  },
} as const satisfies ProviderPreset
