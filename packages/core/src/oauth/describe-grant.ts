import type { Grant } from '../token/grant.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { readResources } from './resource-parameters.ts'
import { revokeTokens } from './revoke-tokens.ts'
import { type AuthorizationServerOptions, assertText } from './server-options.ts'

/** What a grant can ask of its tokens. */
export interface AskedTokens {
  readonly scope?: string
  readonly resource?: string | readonly string[]
}

/** What every grant of an authorization server has, whatever it sends. */
export function describeGrant(
  server: AuthorizationServer,
  { dynamicallyRegistered }: AuthorizationServerOptions,
): Pick<Grant, 'identity' | 'dpop' | 'revoke'> {
  return {
    identity: {
      issuer: server.issuerIdentifier,
      clientId: server.clientId,
      ...(dynamicallyRegistered === undefined ? {} : { dynamicallyRegistered }),
    },
    ...(server.dpop === undefined ? {} : { dpop: server.dpop }),
    revoke: (tokenSet, { signal }) => revokeTokens(server, { tokenSet, signal }),
  }
}

/**
 * What a grant asks of its tokens, as parameters of its request.
 * @throws ConfigurationError
 * @see RFC 6749, section 3.3, and RFC 8707, section 2.2
 */
export function readAskedTokens({ scope, resource }: AskedTokens): URLSearchParams {
  const parameters = new URLSearchParams()
  if (scope !== undefined) {
    assertText(scope, 'scope')
    parameters.set('scope', scope)
  }
  for (const uri of readResources(resource)) parameters.append('resource', uri)
  return parameters
}
