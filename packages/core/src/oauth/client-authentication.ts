import * as oauth from 'oauth4webapi'
import { ConfigurationError } from '../errors/configuration-error.ts'

/**
 * Puts the client's credentials on a request to the authorization server, by changing `body` or `headers`.
 *
 * @see RFC 6749, section 2.3
 */
export type ClientAuthentication = (request: {
  readonly issuer: string
  readonly clientId: string
  readonly body: URLSearchParams
  readonly headers: Headers
}) => void | Promise<void>

/**
 * For a public client, which has no secret: the request carries its `client_id` only.
 * @see RFC 6749, section 3.2.1
 */
export function publicClient(): ClientAuthentication {
  return adapt(oauth.None())
}

/**
 * The client secret in the `Authorization` header (`client_secret_basic`), what servers must support.
 *
 * Id and secret are form-encoded first, as the RFC says; a server that does not decode them wants
 * `clientSecretPost`.
 * @throws ConfigurationError when the secret is empty or no string
 * @see RFC 6749, section 2.3.1
 */
export function clientSecretBasic(clientSecret: string): ClientAuthentication {
  assertClientSecret(clientSecret)
  return adapt(oauth.ClientSecretBasic(clientSecret))
}

/**
 * The client secret as `client_secret` in the body (`client_secret_post`).
 * @throws ConfigurationError when the secret is empty or no string
 * @see RFC 6749, section 2.3.1
 */
export function clientSecretPost(clientSecret: string): ClientAuthentication {
  assertClientSecret(clientSecret)
  return adapt(oauth.ClientSecretPost(clientSecret))
}

/** The same for `oauth4webapi`. */
export function toClientAuth(clientAuthentication: ClientAuthentication): oauth.ClientAuth {
  return (server, client, body, headers) =>
    clientAuthentication({ issuer: server.issuer, clientId: client.client_id, body, headers })
}

function adapt(clientAuth: oauth.ClientAuth): ClientAuthentication {
  return ({ issuer, clientId, body, headers }) => clientAuth({ issuer }, { client_id: clientId }, body, headers)
}

function assertClientSecret(clientSecret: unknown): void {
  if (typeof clientSecret !== 'string' || clientSecret === '') {
    throw new ConfigurationError('clientSecret', 'must be a non-empty string')
  }
}
