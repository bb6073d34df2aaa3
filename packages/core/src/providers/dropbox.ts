import type { ProviderPreset } from './preset.ts'

/**
 * Dropbox.
 *
 * @see https://developers.dropbox.com/oauth-guide for `token_access_type`
 */
export const dropbox = {
  issuer: 'https://www.dropbox.com',
  metadata: {
    authorization_endpoint: 'https://www.dropbox.com/oauth2/authorize',
    token_endpoint: 'https://api.dropboxapi.com/oauth2/token',
  },
  provider: {
    authorizationParameters: { token_access_type: 'offline' },
    refreshTokenAdvice: 'Sign in with `extraParameters: { token_access_type: "offline" }`.',
  },
} as const satisfies ProviderPreset
