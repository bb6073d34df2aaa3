import { zoom } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const zoomEntry: ProviderEntry = {
  name: 'Zoom',
  usage: '...zoom',
  preset: zoom,
  refreshTokens: '90 days. Used once.',
  source: 'https://developers.zoom.us/docs/integrations/oauth/',
  answers: [
    {
      name: 'new tokens',
      source: 'https://developers.zoom.us/docs/integrations/oauth/',
      body: {
        ...newTokens,
        token_type: 'bearer',
        expires_in: 3599,
        scope: 'user:read:user',
        api_url: 'https://api.zoom.us',
      },
      means: 'issued',
    },
    {
      name: 'replaced before',
      source: 'https://github.com/raycast/extensions/issues/10896',
      status: 400,
      body: { reason: 'Invalid Token!', error: 'invalid_grant' },
      means: 'dead',
    },
    {
      name: 'replaced before, in other words',
      source: 'https://developers.zoom.us/docs/integrations/oauth-error-messages/',
      status: 400,
      body: { reason: 'Invalid Token!', error: 'invalid_request' },
      means: 'dead',
    },
    {
      name: 'a fault of its own',
      source: 'https://developers.zoom.us/docs/integrations/oauth-error-messages/',
      status: 400,
      body: { reason: 'Bad Request', error: 'invalid_request' },
      means: 'passing',
    },
    {
      name: 'a wrong client secret',
      source: 'https://github.com/JubaerHossain/zoom-laravel/issues/3',
      status: 400,
      body: { reason: 'Invalid client_id or client_secret', error: 'invalid_client' },
      means: 'client',
    },
  ],
}
