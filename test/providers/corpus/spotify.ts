import { spotify } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const spotifyEntry: ProviderEntry = {
  name: 'Spotify',
  usage: '...spotify',
  preset: spotify,
  refreshTokens: 'Six months from the sign-in; using it does not change that.',
  checked: [
    {
      what: 'the six months, the token endpoint and `invalid_grant`',
      kind: 'documentation',
      source: 'https://developer.spotify.com/blog/2026-06-18-refresh-token-expiration',
    },
  ],
  unchecked: 'when it is replaced; the authorization endpoint; the words for the client',
  answers: [
    {
      name: 'new access token',
      source: 'https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens',
      body: {
        access_token: newTokens.access_token,
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'user-read-private',
      },
      means: 'issued',
    },
    {
      name: 'revoked',
      source: 'https://github.com/novatorem/novatorem/issues/81',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Refresh token revoked' },
      means: 'dead',
    },
    {
      name: 'an unknown client',
      source: 'https://github.com/spotify/web-api/issues/919',
      status: 400,
      body: { error: 'invalid_client', error_description: 'Invalid client' },
      means: 'client',
    },
  ],
}
