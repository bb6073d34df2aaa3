import { okta } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const oktaEntry: ProviderEntry = {
  name: 'Okta',
  usage: '...okta',
  preset: okta,
  refreshTokens: 'Not told.',
  checked: [
    {
      what: 'the scope `offline_access`, and that the app’s settings must allow refresh tokens',
      kind: 'public issue',
      source: 'https://github.com/okta/okta-vue/issues/81',
    },
  ],
  unchecked: 'rotation with its grace, `X-Rate-Limit-Reset`, the denial by a policy, the words of errors',
  answers: [
    {
      name: 'new tokens',
      source: 'https://developer.okta.com/docs/guides/refresh-tokens/main/',
      body: { ...newTokens, token_type: 'Bearer', expires_in: 3600, scope: 'offline_access openid' },
      means: 'issued',
    },
    {
      name: 'expired or revoked',
      source: 'https://github.com/okta/okta-react-native/issues/287',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'The refresh token is invalid or expired.' },
      means: 'dead',
    },
    {
      name: 'an unknown client',
      source: 'https://github.com/okta/okta-idx-java/issues/500',
      status: 401,
      body: {
        errorCode: 'invalid_client',
        errorSummary: "Invalid value for 'client_id' parameter.",
        errorLink: 'invalid_client',
        errorCauses: [],
      },
      means: 'client',
    },
    {
      name: 'denied by a policy, such as outside of its network',
      source: 'https://github.com/oktadev/okta-wordpress-sign-in-widget/issues/35',
      status: 400,
      body: {
        error: 'access_denied',
        error_description: 'Policy evaluation failed for this request, please check the policy configurations.',
      },
      means: 'passing',
    },
    {
      name: 'too many requests',
      source: 'https://developer.okta.com/docs/reference/rl-best-practices/',
      status: 429,
      headers: { 'x-rate-limit-reset': '1900000090' },
      body: {
        errorCode: 'E0000047',
        errorSummary: 'API call exceeded rate limit due to too many requests.',
        errorLink: 'E0000047',
        errorCauses: [],
      },
      means: 'throttled',
    },
  ],
}
