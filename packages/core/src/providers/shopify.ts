import { type ProviderPreset, secretInBody } from './preset.ts'

/**
 * Shopify, of one shop. Tokens that expire, and so have a refresh token, are asked for by `expiring`. The API takes its
 * tokens in a header of its own.
 *
 * @param shop its name, such as `acme` for `acme.myshopify.com`
 * @see https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens
 */
export function shopify(shop: string) {
  const admin = `https://${shop}.myshopify.com/admin/oauth`
  return {
    issuer: `https://${shop}.myshopify.com`,
    metadata: {
      token_endpoint_auth_methods_supported: secretInBody,
      authorization_endpoint: `${admin}/authorize`,
      token_endpoint: `${admin}/access_token`,
    },
    provider: {
      tokenParameters: { expiring: '1' },
      http: { header: 'X-Shopify-Access-Token', scheme: '' },
    },
  } as const satisfies ProviderPreset
}
