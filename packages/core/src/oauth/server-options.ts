import { ConfigurationError } from '../errors/configuration-error.ts'
import { isSecureUrl } from '../token/secure-url.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'
import { type ClientAuthentication, clientSecretBasic, publicClient } from './client-authentication.ts'
import { isSecureEndpoint } from './discover-metadata.ts'
import { type Fetch, platformFetch } from './fetch.ts'

/** Which authorization server to talk to, and as which client: the same for each grant and each way of signing in. */
export interface AuthorizationServerOptions {
  /**
   * The issuer identifier: https, or http on this machine's loopback. Its metadata is discovered, once per process.
   * Needed unless `metadata` is given.
   */
  readonly issuer?: string
  readonly clientId: string
  /** How the client proves who it is; default: a public client, which does not. */
  readonly clientAuthentication?: ClientAuthentication
  /** Short for `clientAuthentication: clientSecretBasic(…)`. */
  readonly clientSecret?: string
  /** Whether the client was registered dynamically (RFC 7591), so that the app can register it again. */
  readonly dynamicallyRegistered?: boolean
  /** The server's metadata, for servers that do not publish it; nothing is discovered then. */
  readonly metadata?: AuthorizationServerMetadata
  /** What requests are sent with; it must neither retry nor follow redirects. Default: the platform's `fetch`. */
  readonly fetch?: Fetch
}

/** The names of the options that every function here has, for `rejectUnknownOptions`. */
export const knownServerOptions: Readonly<Record<keyof AuthorizationServerOptions, true>> = {
  issuer: true,
  clientId: true,
  clientAuthentication: true,
  clientSecret: true,
  dynamicallyRegistered: true,
  metadata: true,
  fetch: true,
}

/**
 * Checks the options every grant has.
 * @throws ConfigurationError that names the option and what was expected
 */
export function readServerOptions(options: AuthorizationServerOptions): AuthorizationServer {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError('options', 'must be an object such as { issuer, clientId }')
  }
  const { metadata, fetch, clientId, dynamicallyRegistered } = options
  assertText(clientId, 'clientId')
  if (metadata !== undefined) assertMetadata(metadata)
  const issuerIdentifier = options.issuer ?? metadata?.issuer
  const issuer = readIssuer(issuerIdentifier)
  if (metadata !== undefined && new URL(metadata.issuer).href !== issuer.href) {
    throw new ConfigurationError('metadata.issuer', 'must be the same as `issuer`')
  }
  if (fetch !== undefined && typeof fetch !== 'function') {
    throw new ConfigurationError('fetch', 'must be a function like the platform’s fetch')
  }
  if (dynamicallyRegistered !== undefined && typeof dynamicallyRegistered !== 'boolean') {
    throw new ConfigurationError('dynamicallyRegistered', 'must be true or false')
  }
  return {
    issuer,
    issuerIdentifier: issuerIdentifier ?? issuer.href,
    clientId,
    clientAuthentication: readClientAuthentication(options),
    fetch: fetch ?? platformFetch,
    ...(metadata === undefined ? {} : { metadata }),
  }
}

/** @throws ConfigurationError unless the value is a non-empty string */
export function assertText(value: unknown, option: string): asserts value is string {
  if (typeof value !== 'string' || value === '') throw new ConfigurationError(option, 'must be a non-empty string')
}

function readClientAuthentication(options: AuthorizationServerOptions): ClientAuthentication {
  const { clientAuthentication, clientSecret } = options
  if (clientSecret !== undefined) {
    if (clientAuthentication !== undefined) {
      throw new ConfigurationError('clientSecret', 'must not be given together with `clientAuthentication`')
    }
    return clientSecretBasic(clientSecret)
  }
  if (clientAuthentication === undefined) return publicClient()
  if (typeof clientAuthentication !== 'function') {
    throw new ConfigurationError('clientAuthentication', 'must be a function, such as clientSecretPost(secret) gives')
  }
  return clientAuthentication
}

/** @see RFC 8414, section 2, `issuer` */
function readIssuer(issuer: unknown): URL {
  const expected = 'must be a URL without query and fragment, such as https://login.example.com'
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) throw new ConfigurationError('issuer', expected)
  const url = new URL(issuer)
  if (/[?#]/.test(issuer) || url.username !== '' || url.password !== '') {
    throw new ConfigurationError('issuer', expected)
  }
  if (!isSecureUrl(url)) throw new ConfigurationError('issuer', 'must be an https URL; http is for loopback only')
  return url
}

function assertMetadata(metadata: AuthorizationServerMetadata): void {
  if (typeof metadata !== 'object' || metadata === null) {
    throw new ConfigurationError('metadata', 'must be an object such as { issuer, token_endpoint }')
  }
  if (typeof metadata.issuer !== 'string' || !URL.canParse(metadata.issuer)) {
    throw new ConfigurationError('metadata.issuer', 'must be a URL')
  }
  assertEndpoint(metadata.token_endpoint, 'metadata.token_endpoint')
  if (metadata.revocation_endpoint !== undefined) {
    assertEndpoint(metadata.revocation_endpoint, 'metadata.revocation_endpoint')
  }
}

function assertEndpoint(endpoint: unknown, option: string): void {
  if (!isSecureEndpoint(endpoint)) {
    throw new ConfigurationError(option, 'must be an https URL; http is for loopback only')
  }
}
