import * as oauth from 'oauth4webapi'
import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import type { Grant, GrantOutcome, GrantRequest } from '../token/grant.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { describeGrant, readAskedTokens } from './describe-grant.ts'
import { sendTokenRequest } from './send-token-request.ts'
import { type AuthorizationServerOptions, knownServerOptions, readServerOptions } from './server-options.ts'

export interface RefreshTokenGrantOptions extends AuthorizationServerOptions {
  /** The scope to ask for, space-separated; default: as granted before (RFC 6749, section 6). */
  readonly scope?: string
  /** The resource servers the access token is for, as absolute URIs (RFC 8707, section 2.2). */
  readonly resource?: string | readonly string[]
}

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
  const server = readServerOptions(options)
  rejectUnknownOptions(options, knownOptions)
  const parameters = readAskedTokens(options)
  return {
    ...describeGrant(server, options),
    needsRefreshToken: true,
    refresh: (request) => refresh(server, { request, parameters }),
  }
}

const knownOptions: Record<keyof RefreshTokenGrantOptions, true> = {
  ...knownServerOptions,
  scope: true,
  resource: true,
}

async function refresh(
  server: AuthorizationServer,
  { request, parameters }: { request: GrantRequest; parameters: URLSearchParams },
): Promise<GrantOutcome> {
  const { refreshToken } = request
  if (refreshToken === undefined || refreshToken === '') {
    return { kind: 'failed', failure: { kind: 'transport', sent: 'no', code: 'refreshTokenMissing' } }
  }
  return sendTokenRequest(server, {
    request,
    send: (metadata, client, clientAuthentication, options) =>
      oauth.refreshTokenGrantRequest(metadata, client, clientAuthentication, refreshToken, {
        ...options,
        additionalParameters: new URLSearchParams(parameters),
      }),
  })
}
