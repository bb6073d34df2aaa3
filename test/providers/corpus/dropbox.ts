import { dropbox } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const dropboxEntry: ProviderEntry = {
  name: 'Dropbox',
  usage: '...dropbox',
  preset: dropbox,
  refreshTokens: 'Not checked.',
  checked: [],
  unchecked:
    'all of it: the endpoints, `token_access_type`, that a refresh token does not end and is not replaced, the words of errors',
  answers: [
    {
      name: 'new access token',
      source: 'https://developers.dropbox.com/oauth-guide',
      body: { access_token: newTokens.access_token, expires_in: 14400, token_type: 'bearer' },
      means: 'issued',
    },
    {
      name: 'revoked',
      source: 'https://github.com/nextcloud/integration_dropbox/issues/34',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'refresh token is invalid or revoked' },
      means: 'dead',
    },
    {
      name: 'a wrong client secret',
      source: 'https://github.com/dropbox/dropbox-sdk-python/pull/544',
      status: 400,
      body: { error: 'invalid_client', error_description: 'Invalid client_id or client_secret' },
      means: 'client',
    },
  ],
}
