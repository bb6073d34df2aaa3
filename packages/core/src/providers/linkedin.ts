import { type ProviderPreset, secretInBody } from './preset.ts'

/**
 * LinkedIn.
 *
 * @see https://learn.microsoft.com/linkedin/shared/authentication/authorization-code-flow
 * @see https://learn.microsoft.com/linkedin/shared/authentication/programmatic-refresh-tokens
 */
export const linkedin = {
  issuer: 'https://www.linkedin.com/oauth',
  metadata: {
    token_endpoint_auth_methods_supported: secretInBody,
    authorization_endpoint: 'https://www.linkedin.com/oauth/v2/authorization',
    token_endpoint: 'https://www.linkedin.com/oauth/v2/accessToken',
  },
  provider: {
    refreshTokenAdvice:
      'LinkedIn gives refresh tokens to approved partners only: ask for the programme, or sign in again.',
  },
} as const satisfies ProviderPreset
