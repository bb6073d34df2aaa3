import { twitch } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const twitchEntry: ProviderEntry = {
  name: 'Twitch',
  usage: '...twitch',
  preset: twitch,
  refreshTokens: 'No fixed end with a secret; 30 days for a public client, used once.',
  source: 'https://dev.twitch.tv/docs/authentication/refresh-tokens/',
  answers: [
    {
      name: 'new tokens',
      source: 'https://dev.twitch.tv/docs/authentication/refresh-tokens/',
      body: { ...newTokens, expires_in: 14124, scope: ['channel:read:subscriptions'], token_type: 'bearer' },
      means: 'issued',
    },
    {
      name: 'revoked',
      source: 'https://github.com/twitchdev/issues/issues/1037',
      status: 400,
      body: { status: 400, message: 'Invalid refresh token' },
      means: 'dead',
    },
    {
      name: 'without its secret',
      source: 'https://github.com/twitchdev/issues/issues/943',
      status: 400,
      body: { status: 400, message: 'missing client secret' },
      means: 'client',
    },
  ],
}
