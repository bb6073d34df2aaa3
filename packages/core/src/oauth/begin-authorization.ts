import {
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
} from 'oauth4webapi'
import { flag, type OptionRules, required, ruleOf, text } from '../errors/check-options.ts'
import { SignInError } from '../errors/sign-in-error.ts'
import { isSecureUrl } from '../token/secure-url.ts'
import { type AuthorizationTransaction, usesPkce } from './authorization-transaction.ts'
import { isSecureEndpoint } from './metadata.ts'
import {
  type AuthorizationServerOptions,
  appendResources,
  assertNotReserved,
  parametersRule,
  type ResolvedServer,
  readServer,
  resourceRule,
} from './server.ts'
import { findSignInMetadata, requestSignIn, signalRule, unavailable } from './sign-in-request.ts'
import { includesWord } from './sign-in-tokens.ts'

export interface AuthorizationOptions extends AuthorizationServerOptions {
  /** Where the server sends the browser afterwards: https, http on loopback, or a scheme of the app's own (RFC 8252). */
  readonly redirectUri: string
  /** Space-separated, such as `openid offline_access`; default: what the server gives by itself. */
  readonly scope?: string
  /** The resource servers the access token is for, as absolute URIs (RFC 8707). Default: what the server decides. */
  readonly resource?: string | readonly string[]
  /** `consent`, `login`, `select_account` or `none`, or several, space-separated (OpenID Connect Core, 3.1.2.1). Default: what the server decides. */
  readonly prompt?: string
  /** The user who is about to sign in, as far as the app knows: an address or a name. Default: none. */
  readonly loginHint?: string
  /** What else the server wants to be told, such as `{ acr_values: 'mfa' }`. Default: nothing. */
  readonly extraParameters?: Readonly<Record<string, string>>
  /** Push the request (RFC 9126) though the server does not require it. Where it does, it is pushed anyway. Default `false`. */
  readonly pushRequest?: boolean
  /** Ends the wait for the server with its reason. Default: none. */
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
  const server = readServer(options, rules)
  const { signal, extraParameters = {}, pushRequest = false } = options
  assertNotReserved(extraParameters, reserved)
  signal?.throwIfAborted()
  const metadata = await findSignInMetadata(server, signal, 'authorization_endpoint')
  if (!isSecureEndpoint(metadata.authorization_endpoint)) throw noAuthorizationEndpoint()

  const transaction = createTransaction(server, options)
  const parameters = await buildParameters(transaction, { ...options, server })
  const isPushed = pushRequest || metadata.require_pushed_authorization_requests === true
  const query = isPushed ? await pushRequestTo(server, { parameters, signal }) : parameters
  const url = new URL(metadata.authorization_endpoint)
  for (const [name, value] of query) url.searchParams.append(name, value)
  signal?.throwIfAborted()
  return { url: url.href, transaction }
}

function createTransaction(server: ResolvedServer, options: AuthorizationOptions): AuthorizationTransaction {
  const { authorizationParameters } = server.provider
  const { redirectUri, scope, prompt = authorizationParameters?.prompt, resource = [] } = options
  const resources = typeof resource === 'string' ? [resource] : resource
  return {
    issuer: server.issuer,
    clientId: server.clientId,
    redirectUri,
    state: generateRandomState(),
    codeVerifier: generateRandomCodeVerifier(),
    nonce: includesWord(scope, 'openid') ? generateRandomNonce() : undefined,
    scope,
    prompt,
    resource: resources.length === 0 ? undefined : resources,
    startedAt: Date.now(),
  }
}

async function buildParameters(
  transaction: AuthorizationTransaction,
  { extraParameters, loginHint, server }: AuthorizationOptions & { server: ResolvedServer },
): Promise<URLSearchParams> {
  const { clientId, redirectUri, state, nonce, codeVerifier, scope, prompt, resource } = transaction
  const parameters = new URLSearchParams({ ...server.provider.authorizationParameters, ...extraParameters })
  const own = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    state,
    code_challenge: usesPkce(server) ? await calculatePKCECodeChallenge(codeVerifier) : undefined,
    code_challenge_method: usesPkce(server) ? 'S256' : undefined,
    nonce,
    scope,
    prompt,
    login_hint: loginHint,
  }
  for (const [name, value] of Object.entries(own)) if (value !== undefined) parameters.set(name, value)
  appendResources(parameters, resource)
  return parameters
}

/**
 * Sends an authorization request straight to the server, and gives what stands for it in the browser's URL.
 *
 * @throws SignInError, or the signal's reason
 * @see RFC 9126, section 2
 */
async function pushRequestTo(
  server: ResolvedServer,
  { parameters, signal }: { parameters: URLSearchParams; signal: AbortSignal | undefined },
): Promise<URLSearchParams> {
  const metadata = await findSignInMetadata(server, signal, 'pushed_authorization_request_endpoint')
  const { request_uri: requestUri } = await requestSignIn(server, {
    url: metadata.pushed_authorization_request_endpoint,
    purpose: 'that requests can be pushed to',
    parameters,
    signal,
    secrets: ['state', 'nonce', 'code_challenge'].map((name) => parameters.get(name) ?? ''),
  })
  if (typeof requestUri !== 'string' || requestUri === '') {
    throw unavailable('it did not say where the pushed request is')
  }
  return new URLSearchParams({ client_id: server.clientId, request_uri: requestUri })
}

/** @see RFC 6749, section 3.1.2; RFC 8252, section 7 */
const redirectUriRule = ruleOf(
  'an absolute URL without fragment: https, http on loopback, or a scheme of the app’s own',
  (value) => {
    if (typeof value !== 'string' || !URL.canParse(value) || value.includes('#')) return false
    const url = new URL(value)
    return url.protocol !== 'http:' || isSecureUrl(url)
  },
)

const rules: Omit<OptionRules<AuthorizationOptions>, keyof AuthorizationServerOptions> = {
  redirectUri: required(redirectUriRule),
  scope: text,
  resource: resourceRule,
  prompt: text,
  loginHint: text,
  extraParameters: parametersRule,
  pushRequest: flag,
  signal: signalRule,
}

/** What is ours to say: a value from elsewhere would undo the protection, or bring an answer that is not read. */
const reserved: ReadonlySet<string> = new Set([
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

function noAuthorizationEndpoint(): SignInError {
  return new SignInError(
    'refused',
    'This authorization server names no authorization endpoint: users cannot sign in there by a browser.',
  )
}
