import type { TokenSetInput } from '../token/token-set.ts'
import { isSecureEndpoint } from './metadata.ts'
import { findMetadata } from './metadata-cache.ts'
import { postForm } from './post-form.ts'
import { parseBody } from './read-token-response.ts'
import type { ResolvedServer } from './server.ts'

/** The servers of which it was said that tokens cannot be revoked there. */
const withoutEndpoint = new WeakSet<ResolvedServer>()

/**
 * Revokes the refresh token, then the access token.
 *
 * Without a revocation endpoint there is nothing to do, which is said once: by an error with the code
 * `noRevocationEndpoint`.
 *
 * @throws Error with a `code` (the server's `error`, a connection's code or `status503`) and without a secret, when a
 * token may still be valid
 * @see RFC 7009, section 2
 */
export async function revokeTokens(
  server: ResolvedServer,
  { tokenSet, signal }: { tokenSet: Pick<TokenSetInput, 'accessToken' | 'refreshToken'>; signal: AbortSignal },
): Promise<void> {
  const discovery = await findMetadata(server, { signal, needed: ['revocation_endpoint'] })
  if (discovery.kind === 'failed') throw createRevocationError(discovery.code)
  const { revocation_endpoint: url } = discovery.metadata
  if (url === undefined) return sayOnce(server)
  if (!isSecureEndpoint(url)) throw createRevocationError('insecureEndpoint')

  const { refreshToken, accessToken } = tokenSet
  const first =
    refreshToken === undefined
      ? undefined
      : await revokeToken(server, { url, signal, token: refreshToken, hint: 'refresh_token' })
  const second = await revokeToken(server, { url, signal, token: accessToken, hint: 'access_token' })
  // A server that cannot revoke access tokens says so (RFC 7009, section 2.2.1); they expire soon. Others revoke both at
  // once, and do not know the second one any more.
  const isDone =
    second?.code === 'unsupported_token_type' || (refreshToken !== undefined && !first && second?.status === 400)
  const refused = first ?? (isDone ? undefined : second)
  if (refused !== undefined) throw createRevocationError(refused.code)
}

/** What servers say of a token that is not valid any more, where the RFC wants a 200. */
const deadTokenErrors: ReadonlySet<unknown> = new Set([
  'invalid_token',
  'invalid_grant',
  'token_expired',
  'token_inactive',
  'token_revoked',
])

/** The server's refusal; `undefined` once the token is revoked or was not valid anyway. */
async function revokeToken(
  server: ResolvedServer,
  options: { url: string; signal: AbortSignal; token: string; hint: string },
): Promise<{ code: string; status: number } | undefined> {
  const { url, signal, token, hint } = options
  const parameters = new URLSearchParams({ token, token_type_hint: hint })
  const answer = await postForm(server, { url, parameters, signal })
  if (answer.kind === 'failed') throw createRevocationError(answer.failure.code ?? 'noAnswer')
  const { response, text = '' } = answer
  const { status } = response
  const error = parseBody(text).members?.error
  if (response.ok || (status < 500 && deadTokenErrors.has(error))) return undefined
  // A server may say anything, the token too.
  const isWord = typeof error === 'string' && /^[\w.-]{1,64}$/.test(error) && error !== token
  return { code: isWord ? error : `status${status}`, status }
}

function sayOnce(server: ResolvedServer): void {
  if (withoutEndpoint.has(server)) return
  withoutEndpoint.add(server)
  throw createRevocationError('noRevocationEndpoint')
}

/** Built from a code alone: errors of requests hold the request, and so the token. */
function createRevocationError(code: string): Error & { code: string } {
  return Object.assign(new Error(`The tokens could not be revoked: ${code}`), { code })
}
