import * as oauth from 'oauth4webapi'
import { SignInError } from '../errors/sign-in-error.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'
import { toClientAuth } from './client-authentication.ts'
import { isSecureEndpoint } from './discover-metadata.ts'
import { unavailable } from './sign-in-failure.ts'
import { requestSignIn } from './sign-in-request.ts'

/**
 * Sends an authorization request straight to the server, and gives what stands for it in the browser's URL.
 *
 * @throws SignInError, or the signal's reason
 * @see RFC 9126, section 2
 */
export async function pushAuthorizationRequest(
  server: AuthorizationServer,
  options: { metadata: AuthorizationServerMetadata; parameters: URLSearchParams; signal: AbortSignal | undefined },
): Promise<URLSearchParams> {
  const { metadata, parameters, signal } = options
  const endpoint = metadata.pushed_authorization_request_endpoint
  if (!isSecureEndpoint(endpoint)) {
    throw new SignInError('refused', 'This authorization server names no endpoint that requests can be pushed to.')
  }
  const { request_uri: requestUri } = await requestSignIn(server, {
    endpoint,
    signal,
    secrets: ['state', 'nonce', 'code_challenge'].map((name) => parameters.get(name) ?? ''),
    send: (requestOptions) =>
      oauth.pushedAuthorizationRequest(
        metadata as unknown as oauth.AuthorizationServer,
        { client_id: server.clientId },
        toClientAuth(server.clientAuthentication),
        parameters,
        requestOptions,
      ),
  })
  if (typeof requestUri !== 'string' || requestUri === '') {
    throw unavailable('it did not say where the pushed request is')
  }
  return new URLSearchParams({ client_id: server.clientId, request_uri: requestUri })
}
