import * as oauth from 'oauth4webapi'
import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import type { Grant } from '../token/grant.ts'
import { revokeTokens } from './revoke-tokens.ts'
import { readScopeAndResource } from './scope-and-resource.ts'
import { sendTokenRequest } from './send-token-request.ts'
import { type AuthorizationServerOptions, readServerOptions } from './server-options.ts'

export interface ClientCredentialsGrantOptions extends AuthorizationServerOptions {
  /** The scope to ask for, space-separated; default: what the server grants by itself. */
  readonly scope?: string
  /** The resource servers the access token is for, as absolute URIs (RFC 8707, section 2.2). */
  readonly resource?: string | readonly string[]
}

/**
 * A grant for a program that acts for itself: its session needs no sign-in and has no refresh token.
 *
 * The first token comes with the first call that needs one (or at once, with `refreshTiming: 'eager'`), each later one
 * by the same request; all holders of a store share it. After `session.signOut()` it begins again with
 * `session.refresh()` only.
 *
 * @example
 * clientCredentialsGrant({ issuer: 'https://login.acme.example', clientId: 'billing', clientSecret, scope: 'invoices' })
 * @throws ConfigurationError when an option is missing, malformed or unknown, or the client has no authentication
 * @see RFC 6749, section 4.4
 */
export function clientCredentialsGrant(options: ClientCredentialsGrantOptions): Grant {
  const server = readServerOptions(options)
  rejectUnknownOptions(options, knownOptions)
  const parameters = readScopeAndResource(options)
  return {
    needsRefreshToken: false,
    needsSignIn: false,
    identity: {
      issuer: server.issuerIdentifier,
      clientId: server.clientId,
      ...(options.dynamicallyRegistered === undefined ? {} : { dynamicallyRegistered: options.dynamicallyRegistered }),
    },
    refresh: (request) =>
      sendTokenRequest(server, {
        request,
        send: (metadata, client, clientAuthentication, requestOptions) =>
          oauth.clientCredentialsGrantRequest(
            metadata,
            client,
            clientAuthentication,
            new URLSearchParams(parameters),
            requestOptions,
          ),
      }),
    revoke: (tokenSet, { signal }) => revokeTokens(server, { tokenSet, signal }),
  }
}

const knownOptions: Record<keyof ClientCredentialsGrantOptions, true> = {
  issuer: true,
  clientId: true,
  clientAuthentication: true,
  clientSecret: true,
  dynamicallyRegistered: true,
  metadata: true,
  fetch: true,
  scope: true,
  resource: true,
}
