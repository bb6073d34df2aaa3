import { type ProviderPreset, secretInBody } from './preset.ts'

/**
 * HubSpot.
 *
 * @see https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth
 */
export const hubspot = {
  issuer: 'https://app.hubspot.com',
  metadata: {
    token_endpoint_auth_methods_supported: secretInBody,
    authorization_endpoint: 'https://app.hubspot.com/oauth/authorize',
    token_endpoint: 'https://api.hubapi.com/oauth/v1/token',
  },
} as const satisfies ProviderPreset
