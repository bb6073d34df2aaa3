import { square } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const squareEntry: ProviderEntry = {
  name: 'Square',
  usage: '...square',
  preset: square,
  refreshTokens: 'No end for apps with a secret. With PKCE 90 days, used once.',
  source: 'https://developer.squareup.com/docs/oauth-api/refresh-revoke-limit-scope',
  leftOut: 'Its answer to a wrong client secret: it has the same `type`.',
  answers: [
    {
      name: 'new access token',
      source: 'https://developer.squareup.com/reference/square/oauth-api/obtain-token',
      body: {
        ...newTokens,
        token_type: 'bearer',
        expires_at: '2030-04-16T17:46:40Z',
        merchant_id: 'M1',
        short_lived: false,
      },
      means: 'issued',
    },
    {
      name: 'the access was revoked',
      source: 'https://developer.squareup.com/forums/t/getting-error-while-renew-token/11056',
      status: 401,
      body: { message: 'Invalid refresh token', type: 'service.not_authorized' },
      means: 'dead',
    },
  ],
}
