import { type ProviderPreset, secretInBody } from './preset.ts'

/**
 * Strava.
 *
 * @see https://developers.strava.com/docs/authentication/
 */
export const strava = {
  issuer: 'https://www.strava.com',
  metadata: {
    token_endpoint_auth_methods_supported: secretInBody,
    authorization_endpoint: 'https://www.strava.com/oauth/authorize',
    token_endpoint: 'https://www.strava.com/api/v3/oauth/token',
  },
} as const satisfies ProviderPreset
