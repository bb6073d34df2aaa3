import type { ProviderPreset } from './preset.ts'

/**
 * Keycloak follows the RFCs: it needs nothing but the issuer, such as `https://id.example/realms/acme`.
 *
 * @see https://www.keycloak.org/securing-apps/oidc-layers
 */
export const keycloak = {} as const satisfies ProviderPreset
