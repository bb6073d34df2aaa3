import * as oauth from 'oauth4webapi'
import { classifyTransportError } from '../token/classify-transport-error.ts'
import { untilAborted } from '../token/until-aborted.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { readBody } from './read-body.ts'
import { parseBody, readStatus } from './read-token-response.ts'
import { removeKnownSecrets } from './remove-known-secrets.ts'
import { describeSignInFailure } from './sign-in-failure.ts'
import { requestSignal } from './sign-in-signal.ts'

/** What `oauth4webapi` has to be told for a request of ours. */
export interface SignInRequestOptions {
  readonly signal: AbortSignal
  readonly [oauth.customFetch]: (url: string, init: RequestInit) => Promise<Response>
  readonly [oauth.allowInsecureRequests]: boolean
}

/**
 * Makes one request of a sign-in to an endpoint other than the token endpoint, and gives the members of its answer,
 * secrets among them. Redirects are not followed, and nothing is retried.
 *
 * @param request `endpoint`: where it goes; `secrets`: what it carries and no error may show
 * @throws SignInError without a secret when the answer is none or a refusal, or the signal's reason
 */
export async function requestSignIn(
  server: Pick<AuthorizationServer, 'fetch'>,
  request: {
    endpoint: string
    signal: AbortSignal | undefined
    secrets: readonly string[]
    send: (options: SignInRequestOptions) => Promise<Response>
  },
): Promise<Readonly<Record<string, unknown>>> {
  const { endpoint, signal, secrets, send } = request
  const within = requestSignal(signal)
  let response: Response
  try {
    const sent = send({
      signal: within,
      [oauth.customFetch]: (url, init) => server.fetch(url, init),
      [oauth.allowInsecureRequests]: endpoint.startsWith('http:'),
    })
    response = await untilAborted(sent, within)
  } catch (error) {
    signal?.throwIfAborted()
    throw describeSignInFailure(classifyTransportError(error, { signal: within }))
  }
  const text = await readBody(response, { signal: within })
  signal?.throwIfAborted()
  const { members = {}, complete } = text === undefined ? { complete: false } : parseBody(text)
  if (response.ok && members.error === undefined) return members
  const body = removeKnownSecrets({ error: members.error }, secrets)
  throw describeSignInFailure({ kind: 'answer', status: readStatus(response), complete, body })
}
