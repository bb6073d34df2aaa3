/**
 * What an authorization server publishes about itself, with the names it is published under.
 *
 * @see RFC 8414, section 2, and OpenID Connect Discovery 1.0, section 3
 */
export interface AuthorizationServerMetadata {
  readonly issuer: string
  readonly token_endpoint: string
  readonly revocation_endpoint?: string
  readonly id_token_signing_alg_values_supported?: readonly string[]
  readonly [member: string]: unknown
}
