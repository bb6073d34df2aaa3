import { linkedin } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const linkedinEntry: ProviderEntry = {
  name: 'LinkedIn',
  usage: '...linkedin',
  preset: linkedin,
  refreshTokens: '365 days from the sign-in; using it does not change that. For approved partners only.',
  checked: [
    {
      what: 'lifetimes, who gets one, and `refresh_token_expires_in`',
      kind: 'documentation',
      source: 'https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens',
    },
    {
      what: 'the token endpoint and `invalid_grant`',
      kind: 'third party',
      source: 'https://nango.dev/blog/linkedin-oauth-refresh-token-invalid-grant',
    },
    {
      what: 'id tokens have no nonce',
      kind: 'public issue',
      source: 'https://github.com/authlib/authlib/issues/763',
    },
    {
      what: 'a `code_verifier` of an app with a secret is refused as `invalid_client`',
      kind: 'public issue',
      source: 'https://github.com/UsefulSoftwareCo/executor/issues/2087',
    },
  ],
  unchecked: '`invalid_request` for an expired one; that it is not replaced',
  answers: [
    {
      name: 'new access token',
      source: 'https://learn.microsoft.com/linkedin/shared/authentication/programmatic-refresh-tokens',
      body: { ...newTokens, expires_in: 5184000, refresh_token_expires_in: 525600 },
      means: 'issued',
    },
    {
      name: 'expired or revoked',
      readAgain: true,
      source: 'https://nango.dev/blog/linkedin-oauth-refresh-token-invalid-grant',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
      means: 'dead',
    },
    {
      name: 'expired, in other words',
      source: 'https://learn.microsoft.com/linkedin/shared/authentication/programmatic-refresh-tokens',
      status: 400,
      body: { error: 'invalid_request' },
      means: 'dead',
    },
  ],
}
