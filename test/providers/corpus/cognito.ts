import { cognito } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const cognitoEntry: ProviderEntry = {
  name: 'Amazon Cognito',
  usage: '...cognito',
  preset: cognito,
  refreshTokens: 'Replaced if the app client says so, with a grace of at most 60 s.',
  checked: [
    {
      what: 'rotation and its grace, with `GetTokensFromRefreshToken`',
      kind: 'documentation',
      source:
        'https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html',
    },
  ],
  unchecked:
    'whether the token endpoint rotates as `GetTokensFromRefreshToken` does; `logout_uri`; lifetimes; the words of errors',
  answers: [
    {
      name: 'new access token',
      source: 'https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html',
      body: { access_token: newTokens.access_token, token_type: 'Bearer', expires_in: 3600 },
      means: 'issued',
    },
    {
      name: 'expired or revoked',
      source: 'https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html',
      status: 400,
      body: { error: 'invalid_grant' },
      means: 'dead',
    },
    {
      name: 'a wrong client secret',
      source: 'https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html',
      status: 400,
      body: { error: 'invalid_client' },
      means: 'client',
    },
  ],
}
