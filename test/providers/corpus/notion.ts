import { notion } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const notionEntry: ProviderEntry = {
  name: 'Notion',
  usage: '...notion',
  preset: notion,
  refreshTokens: 'No end is told. Replaced with each use.',
  checked: [
    {
      what: 'the token endpoint, the client secret as Basic, and that a refresh brings a new refresh token',
      kind: 'documentation',
      source: 'https://developers.notion.com/reference/refresh-a-token',
    },
    {
      what: '`invalid_grant`',
      kind: 'third party',
      source: 'https://nango.dev/blog/notion-oauth-refresh-token-invalid-grant',
    },
  ],
  unchecked: 'that the old refresh token dies; that a form is not taken',
  answers: [
    {
      name: 'new tokens',
      source: 'https://developers.notion.com/reference/create-a-token',
      body: { ...newTokens, token_type: 'bearer', bot_id: 'b1', workspace_id: 'w1', workspace_name: 'Acme' },
      means: 'issued',
    },
    {
      name: 'revoked or replaced before',
      readAgain: true,
      source: 'https://nango.dev/blog/notion-oauth-refresh-token-invalid-grant',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
      means: 'dead',
    },
    {
      name: 'too many requests',
      source: 'https://developers.notion.com/reference/status-codes',
      status: 429,
      headers: { 'retry-after': '5' },
      body: { object: 'error', status: 429, code: 'rate_limited', message: 'You have been rate limited.' },
      means: 'throttled',
    },
    {
      name: 'a fault of its own',
      source: 'https://developers.notion.com/reference/status-codes',
      status: 503,
      body: {
        object: 'error',
        status: 503,
        code: 'service_unavailable',
        message: 'Notion is unavailable, please try again later.',
      },
      means: 'passing',
    },
  ],
}
