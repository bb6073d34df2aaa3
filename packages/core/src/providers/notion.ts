import type { ProviderPreset } from './preset.ts'

/**
 * Notion. Its token endpoint takes JSON.
 *
 * @see https://developers.notion.com/reference/create-a-token
 * @see https://developers.notion.com/docs/authorization for `owner`, and what is to be kept
 */
export const notion = {
  issuer: 'https://api.notion.com',
  metadata: {
    authorization_endpoint: 'https://api.notion.com/v1/oauth/authorize',
    token_endpoint: 'https://api.notion.com/v1/oauth/token',
  },
  tokenRequestFormat: 'json',
  keepMembers: ['bot_id', 'workspace_id'],
  provider: {
    authorizationParameters: { owner: 'user' },
  },
} as const satisfies ProviderPreset
