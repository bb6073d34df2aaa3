import { zoho } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const zohoEntry: ProviderEntry = {
  name: 'Zoho',
  usage: "...zoho('eu')",
  preset: zoho(),
  refreshTokens: 'At most 20 of a user: a newer one deletes the oldest. Not replaced.',
  checked: [
    {
      what: 'ten access tokens in ten minutes; the token endpoint; `api_domain`',
      kind: 'documentation',
      source: 'https://zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html',
    },
    {
      what: 'the 20 refresh tokens; the hosts of the data centres, Canada’s too',
      kind: 'documentation',
      source: 'https://www.zoho.com/fsm/developer/help/api/refresh-token.html',
    },
    {
      what: 'the scheme `Zoho-oauthtoken`',
      kind: 'documentation',
      source: 'https://www.manageengine.com/analytics-plus/api/v2/authentication/refresh-token.html',
    },
  ],
  unchecked: 'the answers for the throttle and for a revoked refresh token',
  answers: [
    {
      name: 'new access token',
      source: 'https://github.com/googleworkspace/apps-script-oauth2/issues/223',
      body: {
        access_token: newTokens.access_token,
        api_domain: 'https://www.zohoapis.com',
        token_type: 'Bearer',
        expires_in: 3600,
      },
      means: 'issued',
    },
    {
      name: 'revoked',
      source: 'https://github.com/Weble/ZohoBooksApi/issues/84',
      body: { error: 'invalid_code' },
      means: 'dead',
    },
    {
      name: 'more than ten tokens in ten minutes',
      source: 'https://www.zoho.com/crm/developer/docs/api/v2/token-validity.html',
      status: 400,
      body: {
        error: 'Access Denied',
        error_description: 'You have made too many requests continuously. Please try again after some time.',
        status: 'failure',
      },
      means: 'throttled',
    },
    {
      name: 'an unknown client',
      source: 'https://www.zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html',
      body: { error: 'invalid_client' },
      means: 'client',
    },
  ],
}
