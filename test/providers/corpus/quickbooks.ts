import { quickbooks } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const quickbooksEntry: ProviderEntry = {
  name: 'QuickBooks Online',
  usage: '...quickbooks',
  preset: quickbooks,
  refreshTokens:
    '100 days after its last use, five years at most. Replaced every day; the one before stays good for a day.',
  source: 'https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/faq',
  answers: [
    {
      name: 'new tokens',
      source: 'https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0',
      body: { ...newTokens, token_type: 'bearer', expires_in: 3600, x_refresh_token_expires_in: 8726400 },
      means: 'issued',
    },
    {
      name: 'unknown',
      source: 'https://github.com/intuit/QuickBooks-V3-PHP-SDK/issues/308',
      status: 400,
      body: { error_description: 'Incorrect or invalid refresh token', error: 'invalid_grant' },
      means: 'dead',
    },
    {
      name: 'replaced before',
      source: 'https://github.com/intuit/oauth-jsclient/issues/77',
      status: 400,
      body: { error: 'invalid_grant' },
      means: 'dead',
    },
  ],
}
