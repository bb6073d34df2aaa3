import * as oauth from 'oauth4webapi'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import { SignInError } from '../errors/sign-in-error.ts'
import { isSecureUrl } from '../token/secure-url.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { AuthorizationTransaction } from './authorization-transaction.ts'
import { isSecureEndpoint } from './discover-metadata.ts'
import { pushAuthorizationRequest } from './push-authorization-request.ts'
import { includesWord } from './refresh-token-advice.ts'
import { readResources } from './resource-parameters.ts'
import { type AuthorizationServerOptions, assertText, knownServerOptions, readServerOptions } from './server-options.ts'
import { findSignInMetadata } from './sign-in-metadata.ts'

export interface AuthorizationOptions extends AuthorizationServerOptions {
  /** Where the server sends the browser afterwards: https, http on loopback, or a scheme of the app's own (RFC 8252). */
  readonly redirectUri: string
  /** Space-separated, such as `openid offline_access`; default: what the server gives by itself. */
  readonly scope?: string
  /** The resource servers the access token is for, as absolute URIs (RFC 8707). */
  readonly resource?: string | readonly string[]
  /** `consent`, `login`, `select_account` or `none`, or several, space-separated (OpenID Connect Core, 3.1.2.1). */
  readonly prompt?: string
  /** Who is about to sign in, as far as the app knows: an address or a name. */
  readonly loginHint?: string
  /** Whatever else the server wants to be told, such as `{ acr_values: 'mfa' }`. */
  readonly extraParameters?: Readonly<Record<string, string>>
  /** Push the request (RFC 9126) though the server does not require it. Where it does, it is pushed anyway. */
  readonly pushRequest?: boolean
  /** Ends the wait for the server with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** A sign-in that has begun. */
export interface BegunAuthorization {
  /** Where the user's browser has to go. It carries the `state`: not for logs. */
  readonly url: string
  /** To be kept, as a secret, until the browser is back. */
  readonly transaction: AuthorizationTransaction
}

/**
 * Begins a sign-in by authorization code, with PKCE (S256): gives the URL for the browser, and what is needed to
 * complete it. Nothing is stored.
 *
 * @example
 * const { url, transaction } = await beginAuthorization({ ...server, redirectUri, scope: 'openid offline_access' })
 * sessionStorage.setItem('sign-in', JSON.stringify(transaction))
 * location.assign(url)
 * @throws ConfigurationError when an option is missing, malformed or unknown
 * @throws SignInError `unavailable` when the server's metadata cannot be had or it cannot take a pushed request now;
 *   `refused` when it takes no such request at all
 * @throws the signal's reason
 * @see RFC 6749, section 4.1.1; RFC 7636; RFC 9126; OpenID Connect Core 1.0, section 3.1.2.1
 */
export async function beginAuthorization(options: AuthorizationOptions): Promise<BegunAuthorization> {
  const server = readServerOptions(options)
  rejectUnknownOptions(options, knownOptions)
  const asked = readRequest(options)
  const { signal } = options
  signal?.throwIfAborted()
  const metadata = await findSignInMetadata(server, signal)
  if (!isSecureEndpoint(metadata.authorization_endpoint)) throw noAuthorizationEndpoint()

  const transaction = createTransaction(server, asked)
  const parameters = await buildParameters(transaction, asked)
  const isPushed = options.pushRequest === true || metadata.require_pushed_authorization_requests === true
  const query = isPushed ? await pushAuthorizationRequest(server, { metadata, parameters, signal }) : parameters
  const url = new URL(metadata.authorization_endpoint)
  for (const [name, value] of query) url.searchParams.append(name, value)
  return { url: url.href, transaction }
}

function createTransaction(server: AuthorizationServer, asked: AskedRequest): AuthorizationTransaction {
  const { redirectUri, scope, prompt, resource } = asked
  return {
    issuer: server.issuerIdentifier,
    clientId: server.clientId,
    redirectUri,
    state: oauth.generateRandomState(),
    codeVerifier: oauth.generateRandomCodeVerifier(),
    ...(includesWord(scope, 'openid') ? { nonce: oauth.generateRandomNonce() } : {}),
    ...(scope === undefined ? {} : { scope }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(resource.length === 0 ? {} : { resource }),
    startedAt: Date.now(),
  }
}

async function buildParameters(transaction: AuthorizationTransaction, asked: AskedRequest): Promise<URLSearchParams> {
  const { clientId, redirectUri, state, nonce, codeVerifier, scope, prompt } = transaction
  const parameters = new URLSearchParams(asked.extraParameters)
  const own = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    nonce,
    scope,
    prompt,
    login_hint: asked.loginHint,
  }
  for (const [name, value] of Object.entries(own)) if (value !== undefined) parameters.set(name, value)
  for (const uri of asked.resource) parameters.append('resource', uri)
  return parameters
}

interface AskedRequest {
  readonly redirectUri: string
  readonly scope: string | undefined
  readonly prompt: string | undefined
  readonly loginHint: string | undefined
  readonly resource: readonly string[]
  readonly extraParameters: Record<string, string>
}

const knownOptions: Record<keyof AuthorizationOptions, true> = {
  ...knownServerOptions,
  redirectUri: true,
  scope: true,
  resource: true,
  prompt: true,
  loginHint: true,
  extraParameters: true,
  pushRequest: true,
  signal: true,
}

/** What is ours to say: a value from elsewhere would undo the protection, or answer in a way that nobody reads. */
const reservedParameters: ReadonlySet<string> = new Set([
  'response_type',
  'response_mode',
  'client_id',
  'client_secret',
  'redirect_uri',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'scope',
  'resource',
  'prompt',
  'login_hint',
  'request',
  'request_uri',
])

function readRequest(options: AuthorizationOptions): AskedRequest {
  const { redirectUri, scope, prompt, loginHint, resource, extraParameters = {}, pushRequest } = options
  assertRedirectUri(redirectUri)
  for (const [option, value] of Object.entries({ scope, prompt, loginHint })) {
    if (value !== undefined) assertText(value, option)
  }
  if (pushRequest !== undefined && typeof pushRequest !== 'boolean') {
    throw new ConfigurationError('pushRequest', 'must be true or false')
  }
  if (typeof extraParameters !== 'object' || extraParameters === null) {
    throw new ConfigurationError('extraParameters', 'must be an object such as { acr_values: "mfa" }')
  }
  for (const [name, value] of Object.entries(extraParameters)) {
    const option = `extraParameters.${name}`
    if (reservedParameters.has(name)) throw new ConfigurationError(option, 'is set by beginAuthorization itself')
    assertText(value, option)
  }
  return { redirectUri, scope, prompt, loginHint, resource: readResources(resource), extraParameters }
}

/** @see RFC 6749, section 3.1.2; RFC 8252, section 7 */
function assertRedirectUri(redirectUri: unknown): void {
  const isUrl = typeof redirectUri === 'string' && URL.canParse(redirectUri) && !redirectUri.includes('#')
  if (!isUrl) throw new ConfigurationError('redirectUri', 'must be an absolute URL without fragment')
  const url = new URL(redirectUri)
  if (url.protocol === 'http:' && !isSecureUrl(url)) {
    throw new ConfigurationError('redirectUri', 'must be https, http on loopback, or a scheme of the app’s own')
  }
}

function noAuthorizationEndpoint(): SignInError {
  return new SignInError(
    'refused',
    'This authorization server names no authorization endpoint: it has no sign-in by a browser.',
  )
}
