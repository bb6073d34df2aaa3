import { box } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const boxEntry: ProviderEntry = {
  name: 'Box',
  usage: '...box',
  preset: box,
  refreshTokens: '60 days. Used once.',
  checked: [
    {
      what: 'lifetimes and rotation',
      kind: 'documentation',
      source: 'https://developer.box.com/guides/authentication/tokens/refresh',
    },
    {
      what: 'the token endpoint',
      kind: 'public issue',
      source:
        'https://support.box.com/hc/fr/community/posts/360049159714-Need-help-with-refresh-token-expiry-information-I-m-getting-Refresh-Token-has-expired',
    },
  ],
  unchecked: 'the other endpoints; the words of errors',
  answers: [
    {
      name: 'new tokens',
      source: 'https://developer.box.com/guides/authentication/tokens/refresh',
      body: { ...newTokens, expires_in: 4169, restricted_to: [], token_type: 'bearer' },
      means: 'issued',
    },
    {
      name: 'used before or expired',
      source: 'https://github.com/iterate-ch/cyberduck/issues/13003',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Refresh token has expired' },
      means: 'dead',
    },
    {
      name: 'unknown',
      source: 'https://github.com/box/box-python-sdk/issues/730',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Invalid refresh token' },
      means: 'dead',
    },
  ],
}
