import { isText } from '../errors/check-options.ts'
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
  return ({ clientId, body }) => body.set('client_id', clientId)
}

/**
 * The client secret in the `Authorization` header (`client_secret_basic`), what servers must support.
 *
 * Id and secret are form-encoded first, as the RFC says; a server that does not decode them wants
 * `clientSecretPost`.
 * @throws ConfigurationError when the secret is not a non-empty string
 * @see RFC 6749, section 2.3.1 and appendix B
 */
export function clientSecretBasic(clientSecret: string): ClientAuthentication {
  assertClientSecret(clientSecret)
  return ({ clientId, headers }) =>
    headers.set('authorization', `Basic ${btoa(`${formEncode(clientId)}:${formEncode(clientSecret)}`)}`)
}

/**
 * The client secret as `client_secret` in the body (`client_secret_post`).
 * @throws ConfigurationError when the secret is not a non-empty string
 * @see RFC 6749, section 2.3.1
 */
export function clientSecretPost(clientSecret: string): ClientAuthentication {
  assertClientSecret(clientSecret)
  return ({ clientId, body }) => {
    body.set('client_id', clientId)
    body.set('client_secret', clientSecret)
  }
}

/** `-`, `_`, `.` and `*` stay as they are: many servers do not decode, and secrets in base64url have them. */
function formEncode(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice(1)
}

function assertClientSecret(clientSecret: unknown): void {
  if (!isText(clientSecret)) throw new ConfigurationError('clientSecret', 'must be a non-empty string.')
}
