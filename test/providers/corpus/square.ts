import { square } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const squareEntry: ProviderEntry = {
  name: 'Square',
  usage: '...square',
  preset: square,
  refreshTokens: 'No end for apps with a secret, and the same one again. With PKCE a new one each time.',
  leftOut: 'Its answer to a wrong client secret: it has the same `type`.',
  checked: [
    {
      what: 'the token endpoint, what is replaced, the client secret in the body',
      kind: 'documentation',
      source: 'https://developer.squareup.com/reference/square/o-auth/obtain-token',
    },
    {
      what: 'that it does not expire in the code flow',
      kind: 'documentation',
      source: 'https://developer.squareup.com/docs/oauth-api/overview',
    },
    {
      what: '`expires_at` as a date',
      kind: 'documentation',
      source: 'https://developer.squareup.com/reference/square/objects/ObtainTokenResponse',
    },
    {
      what: 'token requests as JSON',
      kind: 'public issue',
      source: 'https://github.com/airbytehq/airbyte/issues/7080',
    },
  ],
  unchecked: 'the 90 days with PKCE; the words of errors',
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
