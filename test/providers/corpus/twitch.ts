import { twitch } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const twitchEntry: ProviderEntry = {
  name: 'Twitch',
  usage: '...twitch',
  preset: twitch,
  refreshTokens: 'No end is told.',
  checked: [
    {
      what: 'the token endpoint, and that a refresh token comes with the code flow',
      kind: 'documentation',
      source: 'https://dev.twitch.tv/docs/authentication/refresh-tokens/',
    },
  ],
  unchecked: 'the 30 days of public clients; the sentences of errors; the other endpoints',
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
