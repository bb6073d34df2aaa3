import { entra } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const entraEntry: ProviderEntry = {
  name: 'Microsoft Entra, B2C, External ID',
  usage: '...entra',
  preset: entra,
  refreshTokens:
    '90 days, 24 hours in a single-page app from its sign-in. Replaced with each use; the old one stays good.',
  checked: [
    {
      what: 'lifetimes, and that the old one is not revoked',
      kind: 'documentation',
      source: 'https://learn.microsoft.com/en-nz/entra/identity-platform/refresh-tokens',
    },
  ],
  unchecked: 'the numbers and words of errors',
  answers: [
    {
      name: 'new tokens',
      source: 'https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow',
      body: {
        ...newTokens,
        token_type: 'Bearer',
        scope: 'https://graph.microsoft.com/mail.read',
        expires_in: 3599,
        ext_expires_in: 3599,
      },
      means: 'issued',
    },
    {
      name: 'expired by not being used',
      source: 'https://nango.dev/blog/microsoft-oauth-refresh-token-invalid-grant',
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'AADSTS700082: The refresh token has expired due to inactivity.',
        error_codes: [700082],
      },
      means: 'dead',
    },
    {
      name: 'expired in a single-page app',
      source: 'https://github.com/AzureAD/microsoft-authentication-library-for-js/issues/6765',
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description:
          'AADSTS700084: The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of 1.00:00:00.',
        error_codes: [700084],
      },
      means: 'dead',
    },
    {
      name: 'a second factor is wanted',
      source: 'https://learn.microsoft.com/entra/identity-platform/v2-conditional-access-dev-guide',
      status: 400,
      body: {
        error: 'interaction_required',
        error_description:
          'AADSTS50079: Due to a configuration change made by your administrator, you must enroll in multifactor authentication.',
        suberror: 'basic_action',
        claims: '{"access_token":{"polids":{"essential":true}}}',
      },
      means: 'dead',
    },
    {
      name: 'a wrong client secret',
      source: 'https://learn.microsoft.com/entra/identity-platform/reference-error-codes',
      status: 401,
      body: {
        error: 'invalid_client',
        error_description: 'AADSTS7000215: Invalid client secret is provided.',
        error_codes: [7000215],
      },
      means: 'client',
    },
    {
      name: 'a service behind it is away',
      source: 'https://github.com/Azure/azure-sdk-for-python/issues/14241',
      status: 503,
      body: {
        error: 'temporarily_unavailable',
        error_description: 'AADSTS90033: A transient error has occurred. Please try again.',
        error_codes: [90033],
      },
      means: 'passing',
    },
  ],
}
