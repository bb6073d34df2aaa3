import { AuthorizationResponseError, validateAuthResponse } from 'oauth4webapi'
import type { OptionRules } from '../errors/check-options.ts'
import { isSignInError, SignInError } from '../errors/sign-in-error.ts'
import type { GrantOutcome } from '../token/grant.ts'
import { isIssuerOf } from '../token/issuers.ts'
import type { SignInTokens } from '../token/token-set.ts'
import { untilAborted } from '../token/until-aborted.ts'
import { type AuthorizationTransaction, readTransaction, usesPkce } from './authorization-transaction.ts'
import { requestSignal } from './http.ts'
import type { AuthorizationServerMetadata } from './metadata.ts'
import { revokeTokens } from './revoke-tokens.ts'
import {
  type AuthorizationServerOptions,
  appendResources,
  type ResolvedServer,
  readServer,
  resourceRule,
} from './server.ts'
import { describeServerError, findSignInMetadata, signalRule } from './sign-in-request.ts'
import { readSignInTokens } from './sign-in-tokens.ts'
import { requestTokens } from './token-request.ts'

export interface CompletionOptions extends AuthorizationServerOptions {
  /**
   * Which of the resource servers that the sign-in asked for the first access token is for (RFC 8707, section 2.2).
   * Default: the one that it asked for, if it was one.
   */
  readonly resource?: string | readonly string[]
  /** Ends the wait for the server with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Completes a sign-in with the URL that the browser came back to, and gives the tokens for `session.signIn`.
 *
 * The URL is judged first: its `state`, its `iss` (which is needed where the server's metadata announces it), its
 * `error`. Then the code is exchanged, once, and the id token validated: issuer, audience, expiry, nonce.
 *
 * @throws SignInError `callbackRejected` for a URL or a transaction that do not belong together, or a code that was used;
 *   `refused` with the server's `serverCode`, such as `access_denied`; `expired` after an hour; `idTokenRejected`;
 *   `unusableTokens`; `unavailable`. None of them holds the URL or anything of it.
 * @throws ConfigurationError when an option is missing, malformed or unknown
 * @throws the signal's reason
 * @see RFC 6749, sections 4.1.2 to 4.1.4; RFC 9207; OpenID Connect Core 1.0, section 3.1.3
 */
export async function completeAuthorization(
  transaction: AuthorizationTransaction,
  callbackUrl: string | URL,
  options: CompletionOptions,
): Promise<SignInTokens> {
  const server = readServer(options, rules)
  const { signal } = options
  signal?.throwIfAborted()
  const begun = readTransaction(transaction, { server, now: Date.now() })
  const callback = readCallback(callbackUrl, begun)
  const metadata = await findSignInMetadata(server, signal, 'token_endpoint')
  const parameters = validateCallback(callback, { metadata, transaction: begun })
  const exchange = exchangeCode(server, { transaction: begun, code: parameters.get('code') ?? '', options })
  const outcome = await (signal === undefined ? exchange : orRevoke(exchange, { server, signal }))
  const { clientId, scope, prompt, nonce } = begun
  try {
    return readSignInTokens(outcome, { server, clientId, scope, prompt, nonce, metadata, callback })
  } catch (error) {
    const isOfCode = isSignInError(error) && error.code === 'refused' && error.serverCode === 'invalid_grant'
    throw isOfCode ? codeWasRefused() : error
  }
}

const rules: Omit<OptionRules<CompletionOptions>, keyof AuthorizationServerOptions> = {
  resource: resourceRule,
  signal: signalRule,
}

/**
 * The outcome, unless the signal aborts before; what is issued after that is revoked, since it will not be used.
 * @throws the signal's reason
 */
async function orRevoke(
  exchange: Promise<GrantOutcome>,
  { server, signal }: { server: ResolvedServer; signal: AbortSignal },
): Promise<GrantOutcome> {
  try {
    return await untilAborted(exchange, signal)
  } catch (reason) {
    void exchange.then(async (outcome) => {
      if (outcome.kind === 'issued') await revokeTokens(server, { ...outcome, signal: requestSignal() }).catch(() => {})
    })
    throw reason
  }
}

/** The callback's parameters, if it answers this sign-in. Judged before anything is sent. */
function readCallback(callbackUrl: unknown, { state }: AuthorizationTransaction): URLSearchParams {
  const text = String(callbackUrl)
  if (!URL.canParse(text)) throw rejectCallback('it is not a URL')
  const { searchParams } = new URL(text)
  // Of two of them, a proxy before us may take one, and we the other.
  if (searchParams.getAll('state').length > 1) throw rejectCallback('it has more than one `state`')
  if (searchParams.get('state') !== state) throw rejectCallback('its `state` is another one')
  return searchParams
}

/** @see RFC 9207, section 2.4, and RFC 6749, section 4.1.2 */
function validateCallback(
  callback: URLSearchParams,
  { metadata, transaction }: { metadata: AuthorizationServerMetadata; transaction: AuthorizationTransaction },
): URLSearchParams {
  const { clientId, state, codeVerifier, nonce = '' } = transaction
  const { authorization_response_iss_parameter_supported } = metadata
  // A slash at the end makes no difference, and tenants have names of their own: then it is the server that is asked.
  const named = callback.getAll('iss')
  const issuer = named.length === 1 && isIssuerOf(named[0] ?? '', metadata.issuer) ? String(named[0]) : metadata.issuer
  const server = {
    issuer,
    authorization_response_iss_parameter_supported: authorization_response_iss_parameter_supported === true,
  }
  try {
    const parameters = validateAuthResponse(server, { client_id: clientId }, callback, state)
    if (parameters.getAll('code').length === 1 && parameters.get('code') !== '') return parameters
  } catch (error) {
    // The error holds the parameters, and so the code: a new one is made.
    if (error instanceof AuthorizationResponseError) {
      throw describeServerError(callback.get('error') ?? '', [state, codeVerifier, nonce, callback.get('code') ?? ''])
    }
    throw rejectCallback('its issuer or its form is not that of this authorization server')
  }
  throw rejectCallback('it has no code')
}

/** Not with the caller's signal: tokens that come after an abort must be known, to be revoked. */
function exchangeCode(
  server: ResolvedServer,
  exchange: { transaction: AuthorizationTransaction; code: string; options: CompletionOptions },
): Promise<GrantOutcome> {
  const { transaction, code, options } = exchange
  const parameters = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: transaction.redirectUri,
  })
  if (usesPkce(server)) parameters.set('code_verifier', transaction.codeVerifier)
  const { resource = '' } = options
  appendResources(parameters, resource.length > 0 ? resource : onlyOneOf(transaction.resource))
  return requestTokens(server, { request: { signal: requestSignal(), now: () => Date.now() }, parameters })
}

/** Servers issue an access token for one resource at a time; which one of several, the app has to say. */
function onlyOneOf(resource: readonly string[] = []): readonly string[] {
  return resource.length === 1 ? resource : []
}

function rejectCallback(why: string): SignInError {
  return new SignInError(
    'callbackRejected',
    `What came back to the redirect URI does not answer this sign-in: ${why}. Begin the sign-in again.`,
  )
}

/** @see RFC 6749, section 5.2, `invalid_grant`: invalid, expired, used, or issued to another */
function codeWasRefused(): SignInError {
  return new SignInError(
    'callbackRejected',
    'The authorization server does not accept the code (any more): it was used, or has expired. Begin the sign-in again.',
    { serverCode: 'invalid_grant' },
  )
}
