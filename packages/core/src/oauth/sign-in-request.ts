import { ConfigurationError } from '../errors/configuration-error.ts'
import { SignInError } from '../errors/sign-in-error.ts'
import { readStatus, requestSignal } from './http.ts'
import { type AuthorizationServerMetadata, isSecureEndpoint } from './metadata.ts'
import { type FormRequest, postForm } from './post-form.ts'
import { parseBody } from './read-token-response.ts'
import { removeKnownSecrets } from './remove-known-secrets.ts'
import { findMetadata, type ResolvedServer } from './server.ts'
import { describeSignInFailure, unavailable } from './sign-in-failure.ts'

/**
 * The server's metadata, for a sign-in.
 *
 * @param needed the members without which it must be discovered
 * @throws SignInError `unavailable`, ConfigurationError where the server goes by another issuer, or the signal's reason
 */
export async function findSignInMetadata(
  server: ResolvedServer,
  signal: AbortSignal | undefined,
  ...needed: (keyof AuthorizationServerMetadata)[]
): Promise<AuthorizationServerMetadata> {
  const discovery = await findMetadata(server, { signal: requestSignal(signal), needed })
  if (discovery.kind === 'found') return discovery.metadata
  signal?.throwIfAborted()
  const { detail, code } = discovery.failure
  if (discovery.code === 'discoveryIssuerMismatch') {
    throw new ConfigurationError('issuer', `must be what the authorization server calls itself: ${detail}.`)
  }
  throw unavailable(
    code === 'blocked' ? `${detail}; if it publishes no metadata, give the option \`metadata\`` : detail,
  )
}

/**
 * Makes one request of a sign-in to an endpoint other than the token endpoint, and gives the members of its answer,
 * secrets among them. Redirects are not followed, and nothing is retried.
 *
 * @param request `secrets`: what it carries and no error may show
 * @throws SignInError without a secret when the answer cannot be read or is a refusal, or the signal's reason
 */
export async function requestSignIn(
  server: ResolvedServer,
  request: Pick<FormRequest, 'parameters' | 'json'> & {
    url: unknown
    /** What the endpoint is for, to complete "This authorization server names no endpoint …". */
    purpose: string
    signal: AbortSignal | undefined
    secrets: readonly string[]
  },
): Promise<Readonly<Record<string, unknown>>> {
  const { url, purpose, signal, secrets, ...form } = request
  if (!isSecureEndpoint(url)) {
    throw new SignInError('refused', `This authorization server names no endpoint ${purpose}.`)
  }
  const answer = await postForm(server, { ...form, url, signal: requestSignal(signal) })
  signal?.throwIfAborted()
  if (answer.kind === 'failed') throw describeSignInFailure(answer.failure)
  const { response, text } = answer
  const { members = {}, complete } = text === undefined ? { complete: false } : parseBody(text)
  if (response.ok && members.error === undefined) return members
  const body = removeKnownSecrets({ error: members.error }, secrets)
  throw describeSignInFailure({ kind: 'answer', status: readStatus(response), complete, body })
}
