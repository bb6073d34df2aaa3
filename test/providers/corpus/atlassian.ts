import { atlassian } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const atlassianEntry: ProviderEntry = {
  name: 'Atlassian Cloud',
  usage: '...atlassian',
  preset: atlassian,
  refreshTokens: '90 days after its last use. Replaced with each use.',
  checked: [
    {
      what: 'rotation; the scope `offline_access`; the client secret in the body',
      kind: 'documentation',
      source: 'https://developer.atlassian.com/cloud/oauth/getting-started/refresh-tokens',
    },
    {
      what: 'the 90 days; `access_denied` for a wrong client secret',
      kind: 'third party',
      source: 'https://mrrefactoring.github.io/jira.js/api/functions/index.isReauthorizationRequired.html',
    },
    {
      what: '403 `invalid_grant`',
      kind: 'third party',
      source: 'https://nango.dev/blog/jira-oauth-refresh-token-invalid-grant',
    },
  ],
  unchecked: '`unauthorized_client` for a dead refresh token; the endpoints',
  answers: [
    {
      name: 'new tokens',
      source: 'https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/',
      body: { ...newTokens, expires_in: 3600, scope: 'read:jira-work offline_access', token_type: 'Bearer' },
      means: 'issued',
    },
    {
      name: 'expired, or replaced before',
      source: 'https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/',
      status: 403,
      body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' },
      means: 'dead',
    },
    {
      name: 'invalid, as an error of the client',
      source: 'https://github.com/raycast/extensions/issues/11836',
      status: 403,
      body: { error: 'unauthorized_client', error_description: 'refresh_token is invalid' },
      means: 'dead',
    },
    {
      name: 'a wrong client secret',
      readAgain: true,
      source: 'https://mrrefactoring.github.io/jira.js/api/functions/index.isReauthorizationRequired.html',
      status: 401,
      body: { error: 'access_denied', error_description: 'Unauthorized' },
      means: 'client',
    },
  ],
}
