import { hubspot } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const hubspotEntry: ProviderEntry = {
  name: 'HubSpot',
  usage: '...hubspot',
  preset: hubspot,
  refreshTokens: 'No fixed end. Not replaced.',
  source:
    'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth',
  leftOut: 'Its words for a wrong client: no source shows a whole answer.',
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
      source: 'https://nango.dev/blog/hubspot-oauth-bad-refresh-token',
      status: 400,
      body: { status: 'BAD_REFRESH_TOKEN', message: 'missing or invalid refresh token' },
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
