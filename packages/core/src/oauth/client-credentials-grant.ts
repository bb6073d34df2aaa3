import { ConfigurationError } from '../errors/configuration-error.ts'
import type { Grant } from '../token/grant.ts'
import { describeGrant, type GrantOptions, readGrantOptions } from './refresh-token-grant.ts'
import { requestTokens } from './token-request.ts'

/** Options of `clientCredentialsGrant`. */
export type ClientCredentialsGrantOptions = GrantOptions

/**
 * A grant for a program that acts for itself: its session needs no sign-in by a user and has no refresh token.
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
  const { server, parameters } = readGrantOptions(options)
  // This grant "MUST only be used by confidential clients" (RFC 6749, section 4.4).
  if (!server.isConfidential) {
    throw new ConfigurationError('clientAuthentication', 'is needed, or `clientSecret`: the client acts for itself.')
  }
  const signIn: Grant['refresh'] = (request) =>
    requestTokens(server, {
      request,
      parameters: new URLSearchParams([['grant_type', 'client_credentials'], ...parameters]),
    })
  return { ...describeGrant(server), needsRefreshToken: false, signIn, refresh: signIn }
}
