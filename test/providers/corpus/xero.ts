import { xero } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const xeroEntry: ProviderEntry = {
  name: 'Xero',
  usage: '...xero',
  preset: xero,
  refreshTokens: 'Not told.',
  checked: [
    {
      what: 'the token endpoint, and `invalid_grant`',
      kind: 'third party',
      source: 'https://nango.dev/blog/xero-oauth-refresh-token-invalid-grant',
    },
  ],
  unchecked: 'the 60 days, rotation and its grace of 30 minutes',
  answers: [
    {
      name: 'new tokens',
      source: 'https://developer.xero.com/documentation/guides/oauth2/auth-flow',
      body: { ...newTokens, expires_in: 1800, token_type: 'Bearer', scope: 'offline_access accounting.transactions' },
      means: 'issued',
    },
    {
      name: 'expired or revoked',
      readAgain: true,
      source: 'https://github.com/XeroAPI/xero-node/issues/382',
      status: 400,
      body: { error: 'invalid_grant' },
      means: 'dead',
    },
  ],
}
