import { zoom } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const zoomEntry: ProviderEntry = {
  name: 'Zoom',
  usage: '...zoom',
  preset: zoom,
  refreshTokens: 'About 90 days. Used once.',
  checked: [
    {
      what: 'the sentence of a fault that it did not expect',
      kind: 'documentation',
      source: 'https://developers.zoom.us/docs/integrations/oauth-error-messages/',
    },
    {
      what: '90 days, commonly, and used once',
      kind: 'third party',
      source:
        'https://raw.githubusercontent.com/anthropics/knowledge-work-plugins/main/partner-built/zoom-plugin/skills/oauth/concepts/token-lifecycle.md',
    },
    {
      what: 'the endpoints',
      kind: 'third party',
      source:
        'https://raw.githubusercontent.com/anthropics/knowledge-work-plugins/main/partner-built/zoom-plugin/skills/oauth/RUNBOOK.md',
    },
  ],
  unchecked:
    'the sentence "Invalid Token!", and that the word beside both is `invalid_request`; the revocation endpoint',
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
      readAgain: true,
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
