import * as oauth from 'oauth4webapi'
import { classifyTransportError } from '../token/classify-transport-error.ts'
import type { TokenSet } from '../token/token-set.ts'
import { untilAborted } from '../token/until-aborted.ts'
import { type AuthorizationServer, findMetadata } from './authorization-server.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'
import { toClientAuth } from './client-authentication.ts'
import { isSecureEndpoint } from './discover-metadata.ts'
import { readTokenResponse } from './read-token-response.ts'

/**
 * Revokes the refresh token, then the access token, if the server has a revocation endpoint; without one there is
 * nothing to do.
 *
 * @throws Error with a `code` (the server's `error`, a connection's code or `status503`) and without a secret, when a
 * token may still be valid
 * @see RFC 7009, section 2
 */
export async function revokeTokens(
  server: AuthorizationServer,
  { tokenSet, signal }: { tokenSet: TokenSet; signal: AbortSignal },
): Promise<void> {
  const discovery = await findMetadata(server, signal)
  if (discovery.kind === 'failed') throw createRevocationError(discovery.code)
  const { metadata } = discovery
  if (metadata.revocation_endpoint === undefined) return
  if (!isSecureEndpoint(metadata.revocation_endpoint)) throw createRevocationError('insecureEndpoint')

  const { refreshToken, accessToken } = tokenSet
  const refused: string[] = []
  if (refreshToken !== undefined) {
    const code = await revokeToken(server, { metadata, signal, token: refreshToken, hint: 'refresh_token' })
    if (code !== undefined) refused.push(code)
  }
  const code = await revokeToken(server, { metadata, signal, token: accessToken, hint: 'access_token' })
  // A server that cannot revoke access tokens says so (RFC 7009, section 2.2.1); they expire soon.
  if (code !== undefined && code !== 'unsupported_token_type') refused.push(code)
  const [first] = refused
  if (first !== undefined) throw createRevocationError(first)
}

/** The code of the server's refusal; `undefined` once the token is revoked or was not valid anyway. */
async function revokeToken(
  server: AuthorizationServer,
  options: { metadata: AuthorizationServerMetadata; signal: AbortSignal; token: string; hint: string },
): Promise<string | undefined> {
  const { metadata, signal, token, hint } = options
  // Nobody's method: a browser's `fetch` refuses to be one of anything but its window.
  const { fetch } = server
  let response: Response
  try {
    const request = oauth.revocationRequest(
      metadata as unknown as oauth.AuthorizationServer,
      { client_id: server.clientId },
      toClientAuth(server.clientAuthentication),
      token,
      {
        signal,
        additionalParameters: { token_type_hint: hint },
        [oauth.customFetch]: (url, init) => fetch(url, init),
        [oauth.allowInsecureRequests]: metadata.revocation_endpoint?.startsWith('http:') === true,
      },
    )
    response = await untilAborted(request, signal)
  } catch (error) {
    throw createRevocationError(classifyTransportError(error, { signal }).code ?? 'noAnswer')
  }
  const reading = await readTokenResponse(response, { signal, secrets: [token] })
  if (response.ok) return undefined
  const error = reading.kind === 'answer' ? reading.answer.body?.error : undefined
  return typeof error === 'string' && /^[\w.-]{1,64}$/.test(error) ? error : `status${response.status}`
}

/** Built from a code alone: errors of requests hold the request, and so the token. */
function createRevocationError(code: string): Error & { code: string } {
  return Object.assign(new Error(`The tokens could not be revoked (${code}); they stay valid until they expire.`), {
    code,
  })
}
