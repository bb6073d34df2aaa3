import { keycloak } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const keycloakEntry: ProviderEntry = {
  name: 'Keycloak',
  usage: '...keycloak',
  preset: keycloak,
  refreshTokens: 'Not checked.',
  checked: [],
  unchecked: 'all of it: `refresh_expires_in`, rotation, the sentences of errors',
  answers: [
    {
      name: 'new tokens',
      source: 'https://www.keycloak.org/securing-apps/oidc-layers',
      body: {
        ...newTokens,
        expires_in: 300,
        refresh_expires_in: 1800,
        token_type: 'Bearer',
        session_state: '1',
        scope: 'profile',
        'not-before-policy': 0,
      },
      means: 'issued',
    },
    {
      name: 'expired',
      source: 'https://github.com/keycloak/keycloak/issues/37961',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Token is not active' },
      means: 'dead',
    },
    {
      name: 'signed out elsewhere',
      source: 'https://github.com/s3pweb/keycloak-admin-client-cjs/issues/15',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Session not active' },
      means: 'dead',
    },
  ],
}
