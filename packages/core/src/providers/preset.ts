import type { ProviderTraits } from '../token/provider-traits.ts'

/**
 * What one provider needs and no general rule covers, to be spread into the options of the authorization server: of the
 * grant, of signing in and of signing out. What an app sets after the spread counts.
 */
export interface ProviderPreset {
  /** Absent where each app has an issuer of its own, and names it. */
  readonly issuer?: string
  /** What the provider does not publish, such as its endpoints. */
  readonly metadata?: Readonly<Record<string, string | readonly string[]>>
  /** Members of token responses and parameters of the callback that its API needs, or its documentation says to keep. */
  readonly keepMembers?: readonly string[]
  readonly tokenRequestFormat?: 'json'
  /** What is accepted of its id tokens beyond OpenID Connect's rules. */
  readonly idTokens?: { readonly acceptWithoutNonce?: boolean }
  readonly provider?: ProviderTraits
}

/**
 * Of providers whose documentation has the client secret in the body, and not in a header (RFC 6749, section 2.3.1).
 * Presets do not spread it: bundlers keep what spreads, though nothing imports it.
 */
export const secretInBody = ['client_secret_post'] as const
