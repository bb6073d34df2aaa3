import * as oauth from 'oauth4webapi'
import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import { isSignInError, SignInError } from '../errors/sign-in-error.ts'
import type { GrantOutcome } from '../token/grant.ts'
import type { SignInTokens } from '../token/token-set.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'
import { type AuthorizationTransaction, readTransaction } from './authorization-transaction.ts'
import { readResources } from './resource-parameters.ts'
import { sendTokenRequest } from './send-token-request.ts'
import { type AuthorizationServerOptions, knownServerOptions, readServerOptions } from './server-options.ts'
import { describeServerError } from './sign-in-failure.ts'
import { findSignInMetadata } from './sign-in-metadata.ts'
import { requestSignal } from './sign-in-signal.ts'
import { readSignInTokens } from './sign-in-tokens.ts'

export interface CompletionOptions extends AuthorizationServerOptions {
  /**
   * Which of the resource servers that the sign-in asked for the first access token is for (RFC 8707, section 2.2).
   * Default: the one that it asked for, if it was one.
   */
  readonly resource?: string | readonly string[]
  /** Ends the wait for the server with its reason. */
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
  const server = readServerOptions(options)
  rejectUnknownOptions(options, knownOptions)
  const { signal } = options
  const resource = readResources(options.resource)
  signal?.throwIfAborted()
  const begun = readTransaction(transaction, { server, now: Date.now() })
  const callback = readCallback(callbackUrl, begun)
  const metadata = await findSignInMetadata(server, signal)
  const parameters = validateCallback(callback, { metadata, transaction: begun })
  const outcome = await exchangeCode(server, {
    transaction: begun,
    parameters,
    resource: resource.length === 0 ? onlyOneOf(begun.resource) : resource,
    signal,
  })
  if (outcome.kind === 'failed') signal?.throwIfAborted()
  const { clientId, scope, prompt, nonce } = begun
  try {
    return readSignInTokens(outcome, { clientId, scope, prompt, nonce, metadata })
  } catch (error) {
    const isOfCode = isSignInError(error) && error.code === 'refused' && error.serverCode === 'invalid_grant'
    throw isOfCode ? codeWasRefused() : error
  }
}

const knownOptions: Record<keyof CompletionOptions, true> = { ...knownServerOptions, resource: true, signal: true }

/** The callback's parameters, if it answers this sign-in. Judged before anything is asked of anybody. */
function readCallback(callbackUrl: unknown, { state }: AuthorizationTransaction): URLSearchParams {
  const text = String(callbackUrl)
  if (!URL.canParse(text)) throw rejectCallback('it is no URL')
  const { searchParams } = new URL(text)
  // Two of them may mean one to us and another to somebody before us.
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
  const server = metadata as unknown as oauth.AuthorizationServer
  try {
    const parameters = oauth.validateAuthResponse(server, { client_id: clientId }, callback, state)
    if (parameters.getAll('code').length === 1 && parameters.get('code') !== '') return parameters
  } catch (error) {
    // The error holds the parameters, and so the code: a new one is made.
    if (error instanceof oauth.AuthorizationResponseError) {
      throw describeServerError(callback.get('error') ?? '', [state, codeVerifier, nonce, callback.get('code') ?? ''])
    }
    throw rejectCallback('its issuer or its form is not that of this authorization server')
  }
  throw rejectCallback('it has no code')
}

function exchangeCode(
  server: AuthorizationServer,
  options: {
    transaction: AuthorizationTransaction
    parameters: URLSearchParams
    resource: readonly string[]
    signal: AbortSignal | undefined
  },
): Promise<GrantOutcome> {
  const { transaction, parameters, resource, signal } = options
  const { redirectUri, codeVerifier } = transaction
  return sendTokenRequest(server, {
    request: { signal: requestSignal(signal), now: () => Date.now() },
    send: (metadata, client, clientAuthentication, tokenRequest) =>
      oauth.authorizationCodeGrantRequest(
        metadata,
        client,
        clientAuthentication,
        parameters,
        redirectUri,
        codeVerifier,
        { ...tokenRequest, additionalParameters: new URLSearchParams(resource.map((uri) => ['resource', uri])) },
      ),
  })
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
