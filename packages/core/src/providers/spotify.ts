import type { ProviderPreset } from './preset.ts'

/**
 * Spotify.
 *
 * @see https://developer.spotify.com/documentation/web-api/tutorials/code-pkce-flow
 * @see https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens
 */
export const spotify = {
  issuer: 'https://accounts.spotify.com',
  metadata: {
    authorization_endpoint: 'https://accounts.spotify.com/authorize',
    token_endpoint: 'https://accounts.spotify.com/api/token',
  },
} as const satisfies ProviderPreset
