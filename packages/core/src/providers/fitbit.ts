import type { ProviderPreset } from './preset.ts'

/**
 * Fitbit. Its endpoints were shut down on 2026-11-02; Google’s Health API, with `google`, follows it.
 *
 * @see https://developers.google.com/health/about for the end
 * @see https://dev.fitbit.com/build/reference/web-api/authorization/
 */
export const fitbit = {
  issuer: 'https://www.fitbit.com',
  metadata: {
    authorization_endpoint: 'https://www.fitbit.com/oauth2/authorize',
    token_endpoint: 'https://api.fitbit.com/oauth2/token',
    revocation_endpoint: 'https://api.fitbit.com/oauth2/revoke',
  },
} as const satisfies ProviderPreset
