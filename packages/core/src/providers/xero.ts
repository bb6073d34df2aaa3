import type { ProviderPreset } from './preset.ts'

/**
 * Xero follows the RFCs.
 *
 * @see https://developer.xero.com/documentation/guides/oauth2/auth-flow
 */
export const xero = {
  issuer: 'https://identity.xero.com',
  provider: {
    refreshTokenAdvice: 'Ask for the scope `offline_access` when signing in.',
  },
} as const satisfies ProviderPreset
