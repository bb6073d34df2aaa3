import { quickbooks } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const quickbooksEntry: ProviderEntry = {
  name: 'QuickBooks Online',
  usage: '...quickbooks',
  preset: quickbooks,
  refreshTokens: '100 days after its last use, five years at most.',
  checked: [
    {
      what: '100 days, and five years at most',
      kind: 'documentation',
      source: 'https://github.com/intuit/QuickBooks-V3-Java-SDK/releases/tag/v6.5.4',
    },
    {
      what: '`realmId`',
      kind: 'documentation',
      source: 'https://github.com/IntuitDeveloper/OAuth2-Dotnet_UsingSDK/blob/master/docs/help/Tokens.md',
    },
    { what: '`invalid_grant`', kind: 'public issue', source: 'https://github.com/intuit/oauth-jsclient/issues/77' },
  ],
  unchecked: 'the issuer and the endpoints; that it is replaced every day, and the one before stays good for a day',
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
      readAgain: true,
      source: 'https://github.com/intuit/oauth-jsclient/issues/77',
      status: 400,
      body: { error: 'invalid_grant' },
      means: 'dead',
    },
  ],
}
