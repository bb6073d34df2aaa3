import { type ProviderPreset, secretInBody } from './preset.ts'

/**
 * LinkedIn.
 *
 * @see https://learn.microsoft.com/linkedin/shared/authentication/authorization-code-flow
 * @see https://learn.microsoft.com/linkedin/shared/authentication/programmatic-refresh-tokens
 * @see https://github.com/authlib/authlib/issues/763 for id tokens without `nonce`
 * @see https://github.com/UsefulSoftwareCo/executor/issues/2087 and https://github.com/teamhanko/hanko/pull/2405 for the
 *   `code_verifier` that apps with a secret are refused for, as `invalid_client`
 */
export const linkedin = {
  issuer: 'https://www.linkedin.com/oauth',
  metadata: {
    token_endpoint_auth_methods_supported: secretInBody,
    authorization_endpoint: 'https://www.linkedin.com/oauth/v2/authorization',
    token_endpoint: 'https://www.linkedin.com/oauth/v2/accessToken',
  },
  idTokens: { acceptWithoutNonce: true },
  provider: {
    refusesCodeVerifier: true,
    refreshTokenAdvice:
      'LinkedIn gives refresh tokens to approved partners only: ask for the programme, or sign in again.',
  },
} as const satisfies ProviderPreset
