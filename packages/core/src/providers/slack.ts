import type { ProviderPreset } from './preset.ts'

/**
 * Slack. Its metadata is about signing in with Slack, which is another endpoint. The API says under 200 that a token has
 * expired.
 *
 * @see https://docs.slack.dev/authentication/installing-with-oauth
 * @see https://docs.slack.dev/authentication/using-token-rotation
 * @see https://docs.slack.dev/reference/methods/auth.test for `token_expired`
 * @see https://github.com/paradigmxyz/centaur/pull/1101 and https://github.com/NangoHQ/nango/pull/4640 for PKCE, which is
 *   for apps without a secret
 */
export const slack = {
  issuer: 'https://slack.com',
  metadata: {
    authorization_endpoint: 'https://slack.com/oauth/v2/authorize',
    token_endpoint: 'https://slack.com/api/oauth.v2.access',
  },
  keepMembers: ['team', 'enterprise'],
  provider: {
    refusesCodeVerifier: true,
    refreshTokenAdvice: 'Turn on token rotation for the Slack app: tokens that do not expire have no refresh token.',
    http: {
      isRejected: ({ status, body }: { readonly status: number; readonly body?: unknown }) =>
        status === 200 && (body as { error?: unknown } | null | undefined)?.error === 'token_expired',
    },
  },
} as const satisfies ProviderPreset
