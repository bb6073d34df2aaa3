import { shopify } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const shopifyEntry: ProviderEntry = {
  name: 'Shopify',
  usage: "...shopify('acme')",
  preset: shopify('acme'),
  refreshTokens: 'Replaced with each use; the old one stays good until the new one is used.',
  checked: [
    {
      what: 'rotation, and how long the old one stays good',
      kind: 'documentation',
      source: 'https://shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens',
    },
    {
      what: 'access tokens of an hour',
      kind: 'documentation',
      source: 'https://shopify.dev/changelog/offline-access-tokens-now-support-expiry-and-refresh',
    },
    { what: '`expiring=1`', kind: 'public issue', source: 'https://github.com/Shopify/shopify-app-php/issues/12' },
  ],
  unchecked: 'the 90 days of a refresh token; the words of errors; the endpoints',
  answers: [
    {
      name: 'new tokens',
      source: 'https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens',
      body: { ...newTokens, expires_in: 3600, refresh_token_expires_in: 7776000, scope: 'write_orders' },
      means: 'issued',
    },
    {
      name: 'expired or revoked',
      source: 'https://nango.dev/blog/shopify-oauth-refresh-token-invalid-grant',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
      means: 'dead',
    },
    {
      name: 'expired, in other words',
      source: 'https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens',
      status: 401,
      body: { error: 'invalid_request' },
      means: 'dead',
    },
  ],
}
