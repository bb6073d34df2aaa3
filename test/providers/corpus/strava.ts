import { strava } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const stravaEntry: ProviderEntry = {
  name: 'Strava',
  usage: '...strava',
  preset: strava,
  refreshTokens: 'No end is told.',
  checked: [
    { what: 'the authorization endpoint', kind: 'third party', source: 'https://github.com/dal-liu/strava-wx' },
  ],
  unchecked:
    'rotation; the words of errors; the token endpoint (third parties use `/oauth/token`, the preset `/api/v3/oauth/token`)',
  answers: [
    {
      name: 'new tokens',
      source: 'https://developers.strava.com/docs/authentication/',
      body: { ...newTokens, token_type: 'Bearer', expires_at: 1900021600, expires_in: 21600 },
      means: 'issued',
    },
    {
      name: 'replaced before',
      source: 'https://github.com/dreeveapp/dreeve/issues/1449',
      status: 400,
      body: { message: 'Bad Request', errors: [{ resource: 'RefreshToken', field: 'refresh_token', code: 'invalid' }] },
      means: 'dead',
    },
    {
      name: 'an unknown client',
      source: 'https://github.com/dreeveapp/dreeve/issues/372',
      status: 400,
      body: { message: 'Bad Request', errors: [{ resource: 'Application', field: 'client_id', code: 'invalid' }] },
      means: 'client',
    },
    {
      name: 'too many requests',
      source: 'https://developers.strava.com/docs/rate-limits/',
      status: 429,
      body: {
        message: 'Rate Limit Exceeded',
        errors: [{ resource: 'Application', field: 'rate limit', code: 'exceeded' }],
      },
      means: 'throttled',
    },
  ],
}
