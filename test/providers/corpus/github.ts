import { github } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const githubEntry: ProviderEntry = {
  name: 'GitHub Apps',
  usage: '...github',
  preset: github,
  refreshTokens: 'Six months. Used once.',
  checked: [
    {
      what: 'lifetimes, rotation and the token endpoint',
      kind: 'documentation',
      source: 'https://docs.github.com/en/developers/apps/refreshing-user-to-server-access-tokens',
    },
    {
      what: 'the issuer',
      kind: 'documentation',
      source: 'https://github.com/github/docs/blob/main/content/apps/github-authentication-discovery-endpoints.md',
    },
    {
      what: 'the word `bad_refresh_token`',
      kind: 'public issue',
      source: 'https://github.com/orgs/community/discussions/24745',
    },
  ],
  unchecked: 'the word for a wrong client secret; the device endpoint',
  answers: [
    {
      name: 'new tokens',
      source:
        'https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens',
      body: { ...newTokens, expires_in: 28800, refresh_token_expires_in: 15811200, scope: '', token_type: 'bearer' },
      means: 'issued',
    },
    {
      name: 'new tokens as a form',
      source: 'https://github.com/golang/oauth2/issues/274',
      body: 'access_token=access-token-of-the-answer&expires_in=28800&refresh_token=refresh-token-of-the-answer&refresh_token_expires_in=15811200&scope=&token_type=bearer',
      means: 'issued',
    },
    {
      name: 'used before or expired',
      readAgain: true,
      source: 'https://github.com/orgs/community/discussions/24745',
      body: {
        error: 'bad_refresh_token',
        error_description: 'The refresh token passed is incorrect or expired.',
        error_uri: 'https://docs.github.com',
      },
      means: 'dead',
    },
    {
      name: 'a wrong client secret',
      source: 'https://github.com/golang/oauth2/issues/441',
      body: {
        error: 'incorrect_client_credentials',
        error_description: 'The client_id and/or client_secret passed are incorrect.',
      },
      means: 'client',
    },
  ],
}
