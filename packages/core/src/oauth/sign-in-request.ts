import { isObject, type OptionRule } from '../errors/check-options.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { SignInError } from '../errors/sign-in-error.ts'
import { quoteServer } from '../policy/quote-server.ts'
import { findWord, meaningOf } from '../policy/token-endpoint-words.ts'
import type { TokenEndpointAnswer, TokenEndpointFailure } from '../token/grant.ts'
import { redactObject, redactText } from '../token/redact.ts'
import { readStatus, requestSignal } from './http.ts'
import { type AuthorizationServerMetadata, isSecureEndpoint } from './metadata.ts'
import { findMetadata } from './metadata-cache.ts'
import { type FormRequest, postForm } from './post-form.ts'
import { parseBody } from './read-token-response.ts'
import type { ResolvedServer } from './server.ts'

export const signalRule: OptionRule = {
  expected: 'an AbortSignal',
  accepts: (value) => isObject(value) && 'aborted' in value,
}

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
  const { detail } = discovery.failure
  if (discovery.code === 'discoveryIssuerMismatch') {
    throw new ConfigurationError('issuer', `must be what the authorization server calls itself: ${detail}.`)
  }
  throw unavailable(detail)
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
  const body = redactObject(members, { secrets }) as Record<string, unknown>
  throw describeSignInFailure({ kind: 'answer', status: readStatus(response), complete, body })
}

/** Statuses that say "not now"; the body does not matter. */
const isPassingStatus = (status: number) => status >= 500 || status === 429 || status === 408 || status === 425

/**
 * What a request of a sign-in that failed means for the user: `refused` where the server said no, `unavailable` where
 * that is unknown, since a sign-in, unlike a refresh, can be begun anew.
 */
export function describeSignInFailure(failure: TokenEndpointFailure): SignInError {
  switch (failure.kind) {
    case 'answer':
      return describeAnswer(failure)
    case 'rejected':
      return refuse(failure.serverCode)
    case 'offline':
      return unavailable('this device has no network')
    case 'transport':
    case 'unavailable':
      return unavailable(failure.detail ?? failure.code ?? 'no readable answer')
  }
}

/** The server said no, by its `error` if it gave one that can be shown (RFC 6749, sections 4.1.2.1 and 5.2). */
export function describeServerError(error: string, secrets: Iterable<string> = []): SignInError {
  const serverCode = readServerCode(redactText(error, { secrets }))
  return meaningOf(error) === 'trouble' ? unavailable('it says so', serverCode) : refuse(serverCode)
}

/** An error code as it can be shown: one short word. A text of another kind may hold anything. */
function readServerCode(error: string): string | undefined {
  return /^[\w.-]{1,64}$/.test(error) ? error : undefined
}

function describeAnswer({ status, body, complete }: TokenEndpointAnswer): SignInError {
  const error = body && findWord(body)?.word
  if (isPassingStatus(status)) return unavailable(`status ${status}`, error && readServerCode(error))
  if (error !== undefined) return describeServerError(error)
  if (status >= 200 && status < 300 && complete) {
    return new SignInError('unusableTokens', 'What the authorization server issued is not a token set.')
  }
  const said = body && quoteServer(body)
  const why = said === undefined ? 'without a reason' : `(it said "${said}")`
  return unavailable(status < 300 ? 'its answer was cut' : `status ${status} ${why}`)
}

function refuse(serverCode: string | undefined): SignInError {
  const code = serverCode === undefined ? '' : `: ${serverCode}`
  return new SignInError('refused', `The authorization server refused the sign-in${code}.`, { serverCode })
}

/** The authorization server cannot be asked just now. */
export function unavailable(why: string, serverCode?: string): SignInError {
  const message = `The authorization server could not be reached or cannot answer: ${why}. Check its address, or begin the sign-in again later.`
  return new SignInError('unavailable', message, { serverCode })
}
