import { x } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const xEntry: ProviderEntry = {
  name: 'X (Twitter)',
  usage: '...x',
  preset: x,
  refreshTokens: 'Used once.',
  source: 'https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code',
  leftOut: 'How long a refresh token lives.',
  answers: [
    {
      name: 'new tokens',
      source: 'https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code',
      body: { ...newTokens, token_type: 'bearer', expires_in: 7200, scope: 'tweet.read users.read offline.access' },
      means: 'issued',
    },
    {
      name: 'used before',
      source: 'https://github.com/trypostit/trypost/issues/126',
      status: 400,
      body: { error: 'invalid_request', error_description: 'Value passed for the token was invalid.' },
      means: 'dead',
    },
    {
      name: 'without its secret',
      source: 'https://github.com/better-auth/better-auth/issues/2095',
      status: 401,
      body: { error: 'unauthorized_client', error_description: 'Missing valid authorization header' },
      means: 'client',
    },
  ],
}
