import { type ProviderPreset, secretInBody } from './preset.ts'

/**
 * HubSpot. Its token endpoint of before, `/oauth/v1/token`, ends on 2027-02-16.
 *
 * @see https://developers.hubspot.com/docs/api-reference/auth-oauth-v3/guide
 * @see https://developers.hubspot.com/changelog/v1-oauth-api-deprecation
 */
export const hubspot = {
  issuer: 'https://app.hubspot.com',
  metadata: {
    token_endpoint_auth_methods_supported: secretInBody,
    authorization_endpoint: 'https://app.hubspot.com/oauth/authorize',
    token_endpoint: 'https://api.hubapi.com/oauth/2026-03/token',
  },
} as const satisfies ProviderPreset
