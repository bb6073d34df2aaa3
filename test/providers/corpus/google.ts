import { google } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const googleEntry: ProviderEntry = {
  name: 'Google',
  usage: '...google',
  preset: google,
  refreshTokens: 'Dies after six months without use.',
  checked: [
    {
      what: 'a refresh token dies after six months without use',
      kind: 'third party',
      source:
        'https://docs.gitguardian.com/secrets-detection/secrets-detection-engine/detectors/specifics/google_oauth2_refresh_token',
    },
    {
      what: 'none comes without `access_type=offline`, nor after the first consent',
      kind: 'public issue',
      source: 'https://github.com/googleapis/google-api-php-client/issues/2591',
    },
  ],
  unchecked: 'the seven days of apps in testing; that it is not replaced; the words of errors',
  answers: [
    {
      name: 'new access token',
      source: 'https://developers.google.com/identity/protocols/oauth2/web-server#offline',
      body: {
        access_token: newTokens.access_token,
        expires_in: 3920,
        scope: 'https://www.googleapis.com/auth/drive.metadata.readonly',
        token_type: 'Bearer',
      },
      means: 'issued',
    },
    {
      name: 'expired or revoked',
      source: 'https://workos.com/blog/invalid-grant-oauth-errors-by-provider',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
      means: 'dead',
    },
    {
      name: 'to be signed in again by policy',
      source: 'https://github.com/anthropics/blobfile/pull/2',
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'reauth related error (invalid_rapt)',
        error_subtype: 'invalid_rapt',
      },
      means: 'dead',
    },
    {
      name: 'the client was deleted',
      source: 'https://github.com/googleapis/google-api-nodejs-client/issues/1256',
      status: 401,
      body: { error: 'deleted_client', error_description: 'The OAuth client was deleted.' },
      means: 'client',
    },
    {
      name: 'a fault of its own',
      source: 'https://github.com/googleapis/google-auth-library-python/pull/368',
      status: 400,
      body: { error: 'internal_failure' },
      means: 'passing',
    },
  ],
}
