import { type ProviderPreset, secretInBody } from './preset.ts'

/**
 * GitHub Apps. A refresh token is used once.
 *
 * @see https://github.com/github/docs/blob/main/content/apps/github-authentication-discovery-endpoints.md for the issuer
 * @see https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
 * @see https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
 */
export const github = {
  issuer: 'https://github.com/login/oauth',
  metadata: {
    token_endpoint_auth_methods_supported: secretInBody,
    authorization_endpoint: 'https://github.com/login/oauth/authorize',
    device_authorization_endpoint: 'https://github.com/login/device/code',
    token_endpoint: 'https://github.com/login/oauth/access_token',
  },
  provider: {
    refreshTokenAdvice:
      'Opt the GitHub App in to user access tokens that expire: those that do not expire come without a refresh token.',
  },
} as const satisfies ProviderPreset
