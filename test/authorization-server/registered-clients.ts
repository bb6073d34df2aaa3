import type { ClientMetadata } from 'oidc-provider'

/** A client that is registered at the server. */
export interface RegisteredClient {
  readonly id: string
  readonly secret?: string
}

/** Registered for all of them; any port of it will do (RFC 8252, section 7.3). */
export const callback = 'http://127.0.0.1/callback'
/** Where the three may be sent after signing out at the server. */
export const signedOutPage = 'http://127.0.0.1/signed-out'
/** @see RFC 8628, section 3.4 */
export const deviceCodeGrantType = 'urn:ietf:params:oauth:grant-type:device_code'
/** Has no secret. */
export const publicClient: RegisteredClient = { id: 'public-client' }
/** Has no secret; its access tokens must be bound to a key (RFC 9449, section 5.2). */
export const boundClient: RegisteredClient = { id: 'bound-client' }
/** Sends its secret in the `Authorization` header; the secret holds characters that must be encoded there. */
export const secretBasicClient = { id: 'secret-basic-client', secret: 'secret:of the+basic%client' }
/** Sends its secret in the body. */
export const secretPostClient = { id: 'secret-post-client', secret: 'secret-of-the-post-client' }

/** The metadata of these clients, and of any others. */
export function registeredClients({
  clients = [],
  redirectUris = [],
}: {
  clients?: readonly ClientMetadata[]
  redirectUris?: readonly string[]
}): ClientMetadata[] {
  const shared: Partial<ClientMetadata> = {
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token', deviceCodeGrantType],
    response_types: ['code'],
    redirect_uris: [callback, ...redirectUris],
    post_logout_redirect_uris: [signedOutPage],
  }
  const withSecret = { ...shared, grant_types: [...(shared.grant_types ?? []), 'client_credentials'] }
  return [
    { ...shared, client_id: publicClient.id, token_endpoint_auth_method: 'none' },
    {
      ...shared,
      client_id: boundClient.id,
      token_endpoint_auth_method: 'none',
      dpop_bound_access_tokens: true,
    },
    {
      ...withSecret,
      client_id: secretBasicClient.id,
      client_secret: secretBasicClient.secret,
      token_endpoint_auth_method: 'client_secret_basic',
    },
    {
      ...withSecret,
      client_id: secretPostClient.id,
      client_secret: secretPostClient.secret,
      token_endpoint_auth_method: 'client_secret_post',
    },
    ...clients,
  ]
}
