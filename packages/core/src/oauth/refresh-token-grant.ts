import { type OptionRules, text } from '../errors/check-options.ts'
import type { Grant } from '../token/grant.ts'
import { isReachable } from './metadata.ts'
import { revokeTokens } from './revoke-tokens.ts'
import {
  type AuthorizationServerOptions,
  appendResources,
  assertNotReserved,
  parametersRule,
  type ResolvedServer,
  readServer,
  resourceRule,
} from './server.ts'
import { requestTokens } from './token-request.ts'

/** What a grant can ask of its tokens. */
export interface GrantOptions extends AuthorizationServerOptions {
  /** The scope to ask for, space-separated; default: as granted before, or what the server grants by itself. */
  readonly scope?: string
  /** The resource servers the access token is for, as absolute URIs (RFC 8707, section 2.2). */
  readonly resource?: string | readonly string[]
  /** What else the server wants to be told with each of this grant's requests, such as `{ audience: 'api' }`. */
  readonly extraParameters?: Readonly<Record<string, string>>
}

/** Options of `refreshTokenGrant`. */
export type RefreshTokenGrantOptions = GrantOptions

/**
 * A grant that gets each next token set with the refresh token.
 *
 * Nothing is sent before the first refresh. Discovery is shared by all grants of the process.
 *
 * @example
 * refreshTokenGrant({ issuer: 'https://login.acme.example', clientId: 'acme-cli' })
 * @throws ConfigurationError when an option is missing, malformed or unknown
 * @see RFC 6749, section 6
 */
export function refreshTokenGrant(options: RefreshTokenGrantOptions): Grant {
  const { server, parameters } = readGrantOptions(options)
  return {
    ...describeGrant(server),
    needsRefreshToken: true,
    async refresh(request) {
      const { refreshToken } = request
      if (refreshToken === undefined || refreshToken === '') {
        return { kind: 'failed', failure: { kind: 'transport', sent: 'no', code: 'refreshTokenMissing' } }
      }
      const own = { grant_type: 'refresh_token', refresh_token: refreshToken }
      return requestTokens(server, {
        request,
        parameters: new URLSearchParams([...Object.entries(own), ...parameters]),
      })
    },
  }
}

const rules: Omit<OptionRules<GrantOptions>, keyof AuthorizationServerOptions> = {
  scope: text,
  resource: resourceRule,
  extraParameters: parametersRule,
}

/** What is ours to say: a value from elsewhere would ask for something else. */
const reserved: ReadonlySet<string> = new Set([
  'grant_type',
  'refresh_token',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'scope',
  'resource',
])

/**
 * Checks the options of a grant; what it asks of its tokens becomes parameters of its requests.
 * @throws ConfigurationError
 * @see RFC 6749, section 3.3, and RFC 8707, section 2.2
 */
export function readGrantOptions(options: GrantOptions): { server: ResolvedServer; parameters: URLSearchParams } {
  const server = readServer(options, rules)
  const { scope, resource, extraParameters = {} } = options
  assertNotReserved(extraParameters, reserved)
  const parameters = new URLSearchParams(extraParameters)
  if (scope !== undefined) parameters.set('scope', scope)
  appendResources(parameters, resource)
  return { server, parameters }
}

/** What every grant of an authorization server has. */
export function describeGrant(
  server: ResolvedServer,
): Pick<Grant, 'identity' | 'dpop' | 'provider' | 'revoke' | 'isReachable'> {
  const { issuer, clientId, dynamicallyRegistered, dpop, provider } = server
  return {
    identity: { issuer, clientId, dynamicallyRegistered },
    dpop,
    provider,
    revoke: (tokenSet, { signal }) => revokeTokens(server, { tokenSet, signal }),
    isReachable: ({ signal }) => isReachable(issuer, { ...server, signal }),
  }
}
