/**
 * What an authorization server publishes about itself, with the names it is published under.
 *
 * @see RFC 8414, section 2, RFC 9126, section 5, and OpenID Connect Discovery 1.0, section 3
 */
export interface AuthorizationServerMetadata {
  readonly issuer: string
  readonly token_endpoint: string
  readonly authorization_endpoint?: string
  readonly pushed_authorization_request_endpoint?: string
  readonly require_pushed_authorization_requests?: boolean
  readonly end_session_endpoint?: string
  readonly scopes_supported?: readonly string[]
  readonly grant_types_supported?: readonly string[]
  readonly revocation_endpoint?: string
  readonly id_token_signing_alg_values_supported?: readonly string[]
  readonly [member: string]: unknown
}
