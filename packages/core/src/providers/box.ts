import { type ProviderPreset, secretInBody } from './preset.ts'

/**
 * Box. A refresh token is used once.
 *
 * @see https://developer.box.com/guides/authentication/oauth2/without-sdk
 * @see https://developer.box.com/guides/authentication/tokens/refresh
 */
export const box = {
  issuer: 'https://account.box.com',
  metadata: {
    token_endpoint_auth_methods_supported: secretInBody,
    authorization_endpoint: 'https://account.box.com/api/oauth2/authorize',
    token_endpoint: 'https://api.box.com/oauth2/token',
    revocation_endpoint: 'https://api.box.com/oauth2/revoke',
  },
} as const satisfies ProviderPreset
