import * as oauth from 'oauth4webapi'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import type { Grant } from '../token/grant.ts'
import { describeGrant, readAskedTokens } from './describe-grant.ts'
import { sendTokenRequest } from './send-token-request.ts'
import { type AuthorizationServerOptions, knownServerOptions, readServerOptions } from './server-options.ts'

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
  assertConfidential(options)
  const parameters = readAskedTokens(options)
  const signIn: Grant['refresh'] = (request) =>
    sendTokenRequest(server, {
      request,
      send: (metadata, client, clientAuthentication, requestOptions) =>
        oauth.clientCredentialsGrantRequest(metadata, client, clientAuthentication, parameters, requestOptions),
    })
  return { ...describeGrant(server, options), needsRefreshToken: false, signIn, refresh: signIn }
}

const knownOptions: Record<keyof ClientCredentialsGrantOptions, true> = {
  ...knownServerOptions,
  scope: true,
  resource: true,
}

/** @see RFC 6749, section 4.4: this grant "MUST only be used by confidential clients" */
function assertConfidential({ clientSecret, clientAuthentication }: ClientCredentialsGrantOptions): void {
  if (clientSecret === undefined && clientAuthentication === undefined) {
    throw new ConfigurationError('clientAuthentication', 'is needed, or `clientSecret`: the client acts for itself')
  }
}
