import { auth0 } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const auth0Entry: ProviderEntry = {
  name: 'Auth0',
  usage: '...auth0',
  preset: auth0,
  refreshTokens: 'By the application’s settings. Replaced if rotation is on, with an overlap if one is set.',
  leftOut:
    'Whether a denial by an Action (403 `access_denied`) passes: three of them over 30 s end the session, and `refresh()` may go on.',
  checked: [
    {
      what: 'rotation and its overlap',
      kind: 'documentation',
      source: 'https://auth0.com/docs/tokens/guides/configure-refresh-token-rotation',
    },
    {
      what: '403 `invalid_grant` of a dead refresh token',
      kind: 'documentation',
      source:
        'https://support.auth0.com/center/s/article/troubleshoot-refresh-token-unknown-or-invalid-before-expiry-403-unknown-or-invalid-refresh-token',
    },
  ],
  unchecked: '401 `access_denied` for a wrong client secret; the answer for too many requests',
  answers: [
    {
      name: 'new tokens',
      source: 'https://auth0.com/docs/secure/tokens/refresh-tokens/use-refresh-tokens',
      body: { ...newTokens, expires_in: 86400, scope: 'openid offline_access', token_type: 'Bearer' },
      means: 'issued',
    },
    {
      name: 'expired or revoked',
      readAgain: true,
      source:
        'https://support.auth0.com/center/s/article/troubleshoot-refresh-token-unknown-or-invalid-before-expiry-403-unknown-or-invalid-refresh-token',
      status: 403,
      body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' },
      means: 'dead',
    },
    {
      name: 'a wrong client secret',
      source: 'https://mrrefactoring.github.io/jira.js/api/functions/index.isReauthorizationRequired.html',
      status: 401,
      body: { error: 'access_denied', error_description: 'Unauthorized' },
      means: 'client',
    },
    {
      name: 'too many requests',
      source: 'https://github.com/auth0-extensions/auth0-reset-tenant/issues/31',
      status: 429,
      body: {
        statusCode: 429,
        error: 'Too Many Requests',
        message: 'Global limit has been reached',
        errorCode: 'too_many_requests',
      },
      means: 'throttled',
    },
  ],
}
