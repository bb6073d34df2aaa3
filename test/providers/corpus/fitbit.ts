import { fitbit } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const fitbitEntry: ProviderEntry = {
  name: 'Fitbit',
  usage: '...fitbit',
  preset: fitbit,
  refreshTokens: 'None: Fitbit’s authorization server was shut down on 2026-11-02. What follows it is Google’s.',
  checked: [
    {
      what: 'the end of the Fitbit Web API and its OAuth endpoints, which answer 410 since 2026-11-02',
      kind: 'documentation',
      source: 'https://developers.google.com/health/about',
    },
  ],
  unchecked: 'the rest; the answers below are those of before',
  answers: [
    {
      name: 'new tokens',
      source: 'https://dev.fitbit.com/build/reference/web-api/authorization/refresh-token/',
      body: { ...newTokens, expires_in: 28800, scope: 'activity', token_type: 'Bearer', user_id: 'U1' },
      means: 'issued',
    },
    {
      name: 'used before',
      source: 'https://github.com/aarondcoleman/Fitbit.NET/issues/320',
      status: 400,
      body: {
        errors: [
          {
            errorType: 'invalid_grant',
            message:
              'Refresh token invalid: x. Visit https://dev.fitbit.com/docs/oauth2 for more information on the Fitbit Web API authorization process.',
          },
        ],
        success: false,
      },
      means: 'dead',
    },
    {
      name: 'a wrong client secret',
      source: 'https://dev.fitbit.com/build/reference/web-api/troubleshooting-guide/error-messages/',
      status: 401,
      body: { errors: [{ errorType: 'invalid_client', message: 'Invalid authorization header.' }], success: false },
      means: 'client',
    },
  ],
}
