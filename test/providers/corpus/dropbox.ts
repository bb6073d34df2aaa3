import { dropbox } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const dropboxEntry: ProviderEntry = {
  name: 'Dropbox',
  usage: '...dropbox',
  preset: dropbox,
  refreshTokens: 'Long-lived, as long as the user’s approval.',
  checked: [
    {
      what: 'refresh tokens, and online or offline access',
      kind: 'documentation',
      source: 'https://dropbox.tech/developers/using-oauth-2-0-with-offline-access',
    },
    {
      what: '`token_access_type=offline`, the authorization endpoint',
      kind: 'third party',
      source: 'https://github.com/Shopify/react-native-app-auth/blob/main/docs/config-examples/dropbox.md',
    },
  ],
  unchecked:
    'the token endpoint (a third party uses the host `www.dropbox.com`, the preset `api.dropboxapi.com`); that a refresh token is not replaced; the words of errors',
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
