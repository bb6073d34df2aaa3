import * as oauth from 'oauth4webapi'
import { SignInError } from '../errors/sign-in-error.ts'
import { classifyTransportError } from '../token/classify-transport-error.ts'
import { untilAborted } from '../token/until-aborted.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'
import { toClientAuth } from './client-authentication.ts'
import { isSecureEndpoint } from './discover-metadata.ts'
import { readBody } from './read-body.ts'
import { parseBody, readStatus } from './read-token-response.ts'
import { removeKnownSecrets } from './remove-known-secrets.ts'
import { describeSignInFailure, unavailable } from './sign-in-failure.ts'
import { requestSignal } from './sign-in-signal.ts'

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
  const { parameters, signal } = options
  if (!isSecureEndpoint(options.metadata.pushed_authorization_request_endpoint)) {
    throw new SignInError('refused', 'This authorization server names no endpoint that requests can be pushed to.')
  }
  const within = requestSignal(signal)
  const response = await send(server, { ...options, within })
  const secrets = ['state', 'nonce', 'code_challenge'].map((name) => parameters.get(name) ?? '')
  const text = await readBody(response, { signal: within })
  signal?.throwIfAborted()
  const { members = {}, complete } = text === undefined ? { complete: false } : parseBody(text)
  const { request_uri: requestUri, error } = members
  if (response.ok && typeof requestUri === 'string' && requestUri !== '') {
    return new URLSearchParams({ client_id: server.clientId, request_uri: requestUri })
  }
  if (response.ok) throw unavailable('it did not say where the pushed request is')
  // An error looks the same here as at the token endpoint (RFC 9126, section 2.3).
  const body = removeKnownSecrets({ error }, secrets)
  throw describeSignInFailure({ kind: 'answer', status: readStatus(response), complete, body })
}

async function send(
  server: AuthorizationServer,
  options: {
    metadata: AuthorizationServerMetadata
    parameters: URLSearchParams
    signal: AbortSignal | undefined
    within: AbortSignal
  },
): Promise<Response> {
  const { metadata, parameters, signal, within } = options
  // Nobody's method: a browser's `fetch` refuses to be one of anything but its window.
  const { fetch } = server
  try {
    const request = oauth.pushedAuthorizationRequest(
      metadata as unknown as oauth.AuthorizationServer,
      { client_id: server.clientId },
      toClientAuth(server.clientAuthentication),
      parameters,
      {
        signal: within,
        [oauth.customFetch]: (url, init) => fetch(url, init),
        [oauth.allowInsecureRequests]: metadata.pushed_authorization_request_endpoint?.startsWith('http:') === true,
      },
    )
    return await untilAborted(request, within)
  } catch (error) {
    signal?.throwIfAborted()
    throw describeSignInFailure(classifyTransportError(error, { signal: within }))
  }
}
