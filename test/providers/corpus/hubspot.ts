import { hubspot } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const hubspotEntry: ProviderEntry = {
  name: 'HubSpot',
  usage: '...hubspot',
  preset: hubspot,
  refreshTokens: 'Not told.',
  leftOut: 'Its words for a wrong client: no source shows a whole answer.',
  checked: [
    {
      what: 'the token endpoint, and that the one before ends on 2027-02-16',
      kind: 'documentation',
      source: 'https://developers.hubspot.com/changelog/v1-oauth-api-deprecation',
    },
    {
      what: 'the form of its errors since then',
      kind: 'documentation',
      source: 'https://developers.hubspot.com/changelog/new-oauth-v3-api-endpoints-and-standardized-error-responses',
    },
    {
      what: 'the form of its errors before',
      kind: 'third party',
      source: 'https://nango.dev/blog/hubspot-oauth-bad-refresh-token',
    },
  ],
  unchecked:
    'how long a refresh token lives, and that it is not replaced; a revocation endpoint, `/oauth/2026-03/token/revoke`, is named in the same changelog without its parameters, so it is not in the preset',
  answers: [
    {
      name: 'new access token',
      source:
        'https://useparagon.com/integration-error-solutions/hubspot-the-oauth-token-used-to-make-this-call-expired',
      body: { ...newTokens, expires_in: 1800, token_type: 'bearer' },
      means: 'issued',
    },
    {
      name: 'the app was uninstalled',
      readAgain: true,
      source: 'https://nango.dev/blog/hubspot-oauth-bad-refresh-token',
      status: 400,
      body: { status: 'BAD_REFRESH_TOKEN', message: 'missing or invalid refresh token' },
      means: 'dead',
    },
    {
      name: 'refused, since 2026',
      readAgain: true,
      source: 'https://developers.hubspot.com/changelog/new-oauth-v3-api-endpoints-and-standardized-error-responses',
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'refresh token is invalid, expired or revoked',
        status: 'BAD_REFRESH_TOKEN',
        message: 'refresh token is invalid, expired or revoked',
      },
      means: 'dead',
    },
    {
      name: 'too many requests',
      source: 'https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines',
      status: 429,
      body: {
        status: 'error',
        message: 'You have reached your secondly limit.',
        errorType: 'RATE_LIMIT',
        policyName: 'SECONDLY',
      },
      means: 'throttled',
    },
  ],
}
