import type { TokenEndpointFailureFacts } from '../token/failure-facts.ts'
import { type ProviderPreset, secretInBody } from './preset.ts'

function classifyFailure({ status, body }: TokenEndpointFailureFacts) {
  const isAboutToken = /refresh_token/.test(String(body?.error_description))
  if (body?.error === 'unauthorized_client' && isAboutToken) return 'grantRejected'
  return status === 401 && body?.error === 'access_denied' ? 'clientRejected' : undefined
}

/**
 * Atlassian Cloud (Jira, Confluence). A dead refresh token is an `unauthorized_client` at times, a wrong client secret an
 * `access_denied`.
 *
 * @see https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
 * @see https://github.com/raycast/extensions/issues/11836 for `unauthorized_client`
 * @see https://mrrefactoring.github.io/jira.js/api/functions/index.isReauthorizationRequired.html for `access_denied`
 */
export const atlassian = {
  issuer: 'https://auth.atlassian.com',
  metadata: {
    token_endpoint_auth_methods_supported: secretInBody,
    authorization_endpoint: 'https://auth.atlassian.com/authorize',
    token_endpoint: 'https://auth.atlassian.com/oauth/token',
  },
  tokenRequestFormat: 'json',
  provider: {
    authorizationParameters: { audience: 'api.atlassian.com', prompt: 'consent' },
    classifyFailure,
    refreshTokenAdvice: 'Ask for the scope `offline_access` when signing in.',
  },
} as const satisfies ProviderPreset
