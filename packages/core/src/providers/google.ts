import type { ProviderPreset } from './preset.ts'

/**
 * Google.
 *
 * @see https://developers.google.com/identity/protocols/oauth2/web-server for `access_type`, and the refresh token that
 *   comes with the first consent only
 */
export const google = {
  issuer: 'https://accounts.google.com',
  provider: {
    authorizationParameters: { access_type: 'offline' },
    refreshTokenAdvice:
      'Google gives a refresh token only with `access_type=offline`, and only with the first consent of a user: sign in with `prompt: "consent"` to be asked again.',
  },
} as const satisfies ProviderPreset
