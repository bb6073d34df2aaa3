import type { ProviderPreset } from './preset.ts'

/**
 * QuickBooks Online (Intuit). The callback's `realmId` names the company that each API call is about. Its metadata stands
 * elsewhere than the issuer says.
 *
 * @see https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0
 * @see https://developer.intuit.com/.well-known/openid_configuration/
 */
export const quickbooks = {
  issuer: 'https://oauth.platform.intuit.com/op/v1',
  metadata: {
    authorization_endpoint: 'https://appcenter.intuit.com/connect/oauth2',
    token_endpoint: 'https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer',
    revocation_endpoint: 'https://developer.api.intuit.com/v2/oauth2/tokens/revoke',
  },
  keepMembers: ['realmId'],
} as const satisfies ProviderPreset
