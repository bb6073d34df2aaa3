import {
  callable,
  checkOptions,
  flag,
  isObject,
  isText,
  milliseconds,
  type OptionRule,
  type OptionRules,
  required,
  ruleOf,
  text,
  withMethods,
  withoutUndefined,
} from '../errors/check-options.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { isSameIssuer } from '../token/issuers.ts'
import { fitsHeader } from '../token/normalize-token-set.ts'
import type { ProofMaker } from '../token/proof.ts'
import type { ProviderTraits } from '../token/provider-traits.ts'
import { isSecureUrl } from '../token/secure-url.ts'
import {
  type ClientAuthentication,
  clientSecretBasic,
  clientSecretPost,
  publicClient,
} from './client-authentication.ts'
import { type Fetch, platformFetch } from './http.ts'
import { type AuthorizationServerMetadata, isSecureEndpoint } from './metadata.ts'

/** Which authorization server to talk to, and as which client: the same for each grant and each way of signing in. */
export interface AuthorizationServerOptions {
  /**
   * The issuer identifier: https, or http on this machine's loopback. Its metadata is discovered, once per process.
   * Needed unless `metadata` has it.
   */
  readonly issuer?: string
  /** Under which name the server knows the client. */
  readonly clientId: string
  /** How the client proves who it is; default: a public client, which does not. */
  readonly clientAuthentication?: ClientAuthentication
  /**
   * Short for `clientAuthentication: clientSecretBasic(…)`, or `clientSecretPost(…)` where the given `metadata` says that
   * the server takes only that. Default: none.
   */
  readonly clientSecret?: string
  /** Whether the client was registered dynamically (RFC 7591), so that the app can register it again. Default `false`. */
  readonly dynamicallyRegistered?: boolean
  /**
   * What the server does not publish, or publishes wrongly: it completes what is discovered. Nothing is discovered as
   * long as this has what is needed, such as `token_endpoint` for a refresh.
   */
  readonly metadata?: Partial<AuthorizationServerMetadata>
  /** What requests are sent with; it must neither retry nor follow redirects. Default: the platform's `fetch`. */
  readonly fetch?: Fetch
  /** Binds the tokens to a key: `dpop()`, the same for the sign-in and for the grant. Default: bearer tokens. */
  readonly dpop?: ProofMaker
  /** What is accepted of id tokens beyond OpenID Connect's rules, for servers that stray from them. Default: nothing. */
  readonly idTokens?: IdTokenOptions
  /**
   * Members of the token responses, and parameters of the callback, that the app needs, such as `instance_url`. They are
   * kept as `details` of the token set, sealed like it, and carried forward.
   */
  readonly keepMembers?: readonly string[]
  /** What token requests are sent as: `json` for servers that take no form. Default `form`, as RFC 6749 says. */
  readonly tokenRequestFormat?: 'form' | 'json'
  /** The `User-Agent` of each request, outside browsers. Default: the library's name and version. */
  readonly userAgent?: string
  /** What the server does in a way of its own, as the presets of `@authchart/core/providers` have it. Default: nothing. */
  readonly provider?: ProviderTraits
}

/** Each is off, or strict, by default. */
export interface IdTokenOptions {
  /** Accept an id token without the `nonce` that the sign-in sent. Default `false`. */
  readonly acceptWithoutNonce?: boolean
  /** Accept an id token whose `nonce` is empty though the sign-in sent one. Default `false`. */
  readonly acceptEmptyNonce?: boolean
  /**
   * Accept id tokens that are signed with the client secret (HS256) though the server's metadata does not say so. Default
   * `false`.
   */
  readonly acceptHs256?: boolean
  /** How far this device's clock may differ from the server's, in milliseconds. Default 30,000. */
  readonly clockToleranceMilliseconds?: number
}

/** An authorization server and the client that talks to it, checked: what every request to it needs. */
export interface ResolvedServer {
  /** As the app wrote it. */
  readonly issuer: string
  readonly clientId: string
  readonly clientAuthentication: ClientAuthentication
  /** Whether the client can prove who it is. */
  readonly isConfidential: boolean
  readonly metadata: Partial<AuthorizationServerMetadata>
  readonly fetch: Fetch
  readonly dpop?: ProofMaker | undefined
  readonly idTokens: IdTokenOptions
  readonly keepMembers: readonly string[]
  readonly tokenRequestFormat: 'form' | 'json'
  readonly userAgent?: string | undefined
  readonly provider: ProviderTraits
  readonly dynamicallyRegistered?: boolean | undefined
}

/** Where a checked object has what was made of it; spreading copies it. */
const resolved = Symbol('resolved')

interface CheckedOptions extends AuthorizationServerOptions {
  readonly [resolved]?: { readonly options: AuthorizationServerOptions; readonly server: ResolvedServer }
}

/**
 * Checks the options of an authorization server once, to be spread into those of every grant, sign-in, sign-out and
 * registration: they are not checked again.
 *
 * @example
 * const server = authorizationServer({ issuer: 'https://login.acme.example', clientId: 'acme-cli' })
 * const session = createSession({ key, grant: refreshTokenGrant(server), allowedOrigins })
 * await signInByLoopback(session, { ...server, scope: 'openid offline_access' })
 * @throws ConfigurationError when an option is missing, malformed or unknown
 */
export function authorizationServer(options: AuthorizationServerOptions): AuthorizationServerOptions {
  const server = readServer(options)
  // The secret is in the function, where a log of the options does not show it.
  const { clientSecret, ...others } = options
  const shown = clientSecret === undefined ? others : { ...others, clientAuthentication: server.clientAuthentication }
  const checked: CheckedOptions = { ...shown, [resolved]: { options: shown, server } }
  return Object.freeze(checked)
}

/** Whether options have a checked server among them. */
export function isChecked(options: object | undefined | null): boolean {
  return (options as CheckedOptions | undefined | null)?.[resolved] !== undefined
}

/**
 * What the options of a function say of the authorization server.
 *
 * @param rules of the options that the function has besides
 * @throws ConfigurationError that names the option and what was expected
 */
export function readServer<Options extends AuthorizationServerOptions>(
  options: Options,
  rules: Omit<OptionRules<Options>, keyof AuthorizationServerOptions> = {} as never,
): ResolvedServer {
  checkOptions(options, { ...serverRules, ...rules })
  const known = (options as CheckedOptions)[resolved]
  const names = Object.keys(serverRules) as (keyof AuthorizationServerOptions)[]
  // What is set after the checked object was spread counts.
  if (known !== undefined && names.every((name) => options[name] === known.options[name])) return known.server
  const { clientSecret, clientAuthentication } = options
  const metadata = withoutUndefined(options.metadata ?? {})
  const issuer = options.issuer ?? metadata.issuer
  if (issuer === undefined) throw new ConfigurationError('issuer', `must be ${serverRules.issuer.expected}.`)
  assertMetadata(metadata, issuer)
  checkOptions(options.idTokens ?? {}, idTokenRules)
  if (clientSecret !== undefined && clientAuthentication !== undefined) {
    throw new ConfigurationError('clientSecret', 'must not be given together with `clientAuthentication`.')
  }
  const authentication = clientSecret === undefined ? clientAuthentication : presentSecret(clientSecret, metadata)
  const { fetch = platformFetch, idTokens = {}, keepMembers = [], tokenRequestFormat = 'form' } = options
  return {
    issuer,
    clientId: options.clientId,
    clientAuthentication: authentication ?? publicClient(),
    isConfidential: authentication !== undefined,
    metadata,
    fetch,
    dpop: options.dpop,
    idTokens,
    keepMembers,
    tokenRequestFormat,
    userAgent: options.userAgent,
    provider: options.provider ?? {},
    dynamicallyRegistered: options.dynamicallyRegistered,
  }
}

/** @see RFC 8414, section 2, `token_endpoint_auth_methods_supported` */
function presentSecret(secret: string, metadata: Partial<AuthorizationServerMetadata>): ClientAuthentication {
  const { token_endpoint_auth_methods_supported: methods } = metadata
  const takesBody = Array.isArray(methods) && methods.includes('client_secret_post')
  return takesBody && !methods.includes('client_secret_basic') ? clientSecretPost(secret) : clientSecretBasic(secret)
}

const object = ruleOf('an object', isObject)

const isTextList = (value: unknown) => Array.isArray(value) && value.every(isText)

/** The rules of the options that every function here has. */
export const serverRules: OptionRules<AuthorizationServerOptions> = {
  issuer: ruleOf('an https URL without query, fragment and /.well-known/…; http is for loopback only', isIssuer),
  clientId: required(text),
  clientAuthentication: callable,
  clientSecret: text,
  dynamicallyRegistered: flag,
  metadata: object,
  fetch: callable,
  dpop: ruleOf('what `dpop()` returns', withMethods('proofsFor', 'send').accepts),
  idTokens: object,
  keepMembers: ruleOf('a list of names', isTextList),
  tokenRequestFormat: ruleOf('"form" or "json"', (value) => value === 'form' || value === 'json'),
  userAgent: ruleOf('a text that a header can carry', (value) => isText(value) && fitsHeader(value)),
  provider: object,
}

const idTokenRules: OptionRules<IdTokenOptions> = {
  acceptWithoutNonce: flag,
  acceptEmptyNonce: flag,
  acceptHs256: flag,
  clockToleranceMilliseconds: milliseconds,
}

/** The resource servers that an access token is to be for: one absolute URI or several (RFC 8707, section 2). */
export const resourceRule: OptionRule = {
  expected: 'an absolute URI without fragment, or a list of them',
  accepts: (value) => isResource(value) || (Array.isArray(value) && value.every(isResource)),
}

/** Parameters by name. */
export const parametersRule: OptionRule = {
  expected: 'an object of texts, such as { audience: "api" }',
  accepts: (value) => isObject(value) && Object.values(value).every(isText),
}

/** Adds the resources to the parameters of a request. */
export function appendResources(parameters: URLSearchParams, resource: string | readonly string[] = []): void {
  for (const uri of typeof resource === 'string' ? [resource] : resource) parameters.append('resource', uri)
}

/**
 * Refuses parameters of an app's that a request sets itself.
 * @throws ConfigurationError
 */
export function assertNotReserved(parameters: Readonly<Record<string, string>>, reserved: ReadonlySet<string>): void {
  const name = Object.keys(parameters).find((each) => reserved.has(each))
  if (name !== undefined) throw new ConfigurationError(`extraParameters.${name}`, 'is set by the library itself.')
}

function assertMetadata(metadata: Partial<AuthorizationServerMetadata>, issuer: string): void {
  if (metadata.issuer !== undefined && !(isText(metadata.issuer) && isSameIssuer(metadata.issuer, issuer))) {
    throw new ConfigurationError('metadata.issuer', 'must be the same as `issuer`.')
  }
  if (!isIssuer(issuer)) throw new ConfigurationError('metadata.issuer', `must be ${serverRules.issuer.expected}.`)
  for (const [name, value] of Object.entries(metadata)) {
    if (name.endsWith('_endpoint') && !isSecureEndpoint(value)) {
      throw new ConfigurationError(`metadata.${name}`, 'must be an https URL; http is for loopback only.')
    }
  }
}

/**
 * Not the address of its metadata, which is often taken for it.
 * @see RFC 8414, section 2, `issuer`
 */
function isIssuer(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value) || /[?#]|\/\.well-known\//.test(value)) return false
  const url = new URL(value)
  return url.username === '' && url.password === '' && isSecureUrl(url)
}

function isResource(uri: unknown): boolean {
  return typeof uri === 'string' && URL.canParse(uri) && !uri.includes('#')
}
