import { x } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const xEntry: ProviderEntry = {
  name: 'X (Twitter)',
  usage: '...x',
  preset: x,
  refreshTokens: 'No end is told.',
  leftOut: 'How long a refresh token lives.',
  checked: [
    {
      what: 'the token endpoint and the scope `offline.access`',
      kind: 'documentation',
      source: 'https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code',
    },
    {
      what: 'the client secret as Basic',
      kind: 'documentation',
      source: 'https://docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token',
    },
  ],
  unchecked: 'that a refresh token is used once; the words of errors; the other endpoints',
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
