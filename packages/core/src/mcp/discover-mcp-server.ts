import { callable, checkOptions, isText, type OptionRules, text } from '../errors/check-options.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { SignInError } from '../errors/sign-in-error.ts'
import { commonHeaders, type Fetch, fetchDefaults, platformFetch, requestSignal } from '../oauth/http.ts'
import {
  type AuthorizationServerMetadata,
  type DiscoveryFailure,
  parseObject,
  requestDocument,
} from '../oauth/metadata.ts'
import { readServer } from '../oauth/server.ts'
import { findSignInMetadata, signalRule } from '../oauth/sign-in-request.ts'
import { parseChallenges } from '../policy/parse-challenges.ts'
import { isSecureUrl } from '../token/secure-url.ts'
import { untilAborted } from '../token/until-aborted.ts'

/** How `discoverMcpServer` asks. */
export interface McpServerOptions {
  /** What requests are sent with; it must neither retry nor follow redirects. Default: the platform's `fetch`. */
  readonly fetch?: Fetch
  /** The `User-Agent` of each request, outside browsers. Default: the library's name and version. */
  readonly userAgent?: string
  /** Ends the wait with its reason. Default: a minute for each request. */
  readonly signal?: AbortSignal | undefined
}

/** What an MCP server says about signing in to it. */
export interface McpServer {
  /**
   * What its access tokens are for (RFC 8707): the option `resource` of the sign-in and of the grant. As the server
   * writes it, to the letter.
   */
  readonly resource: string
  /** The authorization server that issues its tokens; the first, where it names several. */
  readonly issuer: string
  /** What that publishes about itself. */
  readonly metadata: AuthorizationServerMetadata
  /**
   * What a sign-in should ask for, space-separated: what the server's 401 asks for, else all that it lists; with
   * `offline_access` where the authorization server lists that. Absent when neither says anything.
   */
  readonly scope?: string
  /** The server's name for people, as it gives it. */
  readonly name?: string
  /** Whether the `clientId` may be the https URL of a document that describes the client, without any registration. */
  readonly takesClientIdUrl: boolean
  /** Whether clients can register themselves, by `registerClient` (RFC 7591). */
  readonly registersClients: boolean
}

/**
 * Finds out where and how to sign in to an MCP server: asks it without a token, reads the resource metadata that its 401
 * names, or that is at the well-known places, and then the metadata of the authorization server.
 *
 * Discovery is needed once, for the sign-in: keep `issuer`, `resource` and the client's id for the starts after it.
 *
 * @param url the MCP server's address, as the transport has it: https, or http on loopback
 * @example
 * const { issuer, resource, scope, takesClientIdUrl } = await discoverMcpServer('https://mcp.acme.example/mcp')
 * const client = takesClientIdUrl
 *   ? { clientId: 'https://app.example/client.json' }
 *   : (await registerClient({ issuer, clientName: 'Acme', redirectUris: ['http://127.0.0.1/callback'] })).client
 * const grant = refreshTokenGrant({ issuer, ...client, resource })
 * @throws ConfigurationError when the URL or an option is malformed, or an option is unknown
 * @throws SignInError `refused` when the server does not say how to sign in, or speaks for another server; `unavailable`
 *   when it or its authorization server cannot be reached now
 * @throws the signal's reason
 * @see RFC 9728, sections 3 and 5; RFC 8414, section 3; the Model Context Protocol, 2026-07-28, "Authorization"
 */
export async function discoverMcpServer(url: string | URL, options: McpServerOptions = {}): Promise<McpServer> {
  checkOptions(options, rules)
  const { fetch = platformFetch, userAgent, signal } = options
  const server = readUrl(url)
  signal?.throwIfAborted()
  const challenge = await askForChallenge(server, { fetch, userAgent, signal })
  const {
    resource,
    authorization_servers: issuers,
    scopes_supported: scopes,
    resource_name: name,
  } = await findResourceMetadata(server, challenge.resource_metadata, { fetch, userAgent, signal })
  const issuer = Array.isArray(issuers) ? issuers.find(isText) : undefined
  if (issuer === undefined) throw refused(server, 'it names no authorization server')
  const metadata = await findSignInMetadata(readIssuer(server, issuer, { fetch, userAgent }), signal)
  return {
    resource,
    issuer: metadata.issuer,
    metadata,
    scope: chooseScope(challenge.scope, scopes, metadata),
    name: isText(name) ? name : undefined,
    takesClientIdUrl: metadata.client_id_metadata_document_supported === true,
    registersClients: isText(metadata.registration_endpoint),
  }
}

type Asking = Required<Pick<McpServerOptions, 'fetch'>> & McpServerOptions

/** The parameters of the challenge that a request without a token is answered with; none if it is not challenged. */
async function askForChallenge(
  server: URL,
  { fetch, userAgent, signal }: Asking,
): Promise<{ resource_metadata?: string; scope?: string }> {
  const headers = Object.fromEntries(commonHeaders(userAgent))
  const init = { method: 'GET', headers: { ...headers, accept: 'text/event-stream' }, ...fetchDefaults() }
  const within = requestSignal(signal)
  try {
    const response = await untilAborted(fetch(server.href, { ...init, signal: within }), within)
    // A server that asks for no token may have opened a stream.
    response.body?.cancel().catch(() => {})
    if (response.status !== 401) return {}
    const challenges = parseChallenges(response.headers.get('www-authenticate') ?? '')
    const parameters = challenges.map((challenge) => challenge.parameters)
    return parameters.find(({ resource_metadata }) => resource_metadata !== undefined) ?? parameters[0] ?? {}
  } catch {
    signal?.throwIfAborted()
    // The well-known places may be reachable all the same: pages may not read other origins' challenges.
    return {}
  }
}

/** @see RFC 9728, sections 3.1 and 5.1 */
async function findResourceMetadata(
  server: URL,
  named: string | undefined,
  { fetch, userAgent, signal }: Asking,
): Promise<Record<string, unknown> & { readonly resource: string }> {
  const failures: DiscoveryFailure['failure'][] = []
  for (const place of placesOf(server, named)) {
    const document = await requestDocument(place, { fetch, userAgent, signal: requestSignal(signal) })
    signal?.throwIfAborted()
    if (typeof document !== 'string') {
      failures.push(document.failure)
      continue
    }
    const { resource, ...members } = parseObject(document) ?? {}
    if (!isText(resource)) {
      // A page perhaps, which some servers have for every address.
      failures.push({ kind: 'unavailable', code: 'blocked', detail: `${place} is not the metadata of a resource` })
      continue
    }
    if (!covers(resource, server)) throw refused(server, `${place} is about ${JSON.stringify(resource)}`)
    return { ...members, resource }
  }
  // Where one of them could not be asked, it may have had what the others have not.
  const passing = failures.find(({ code }) => code !== 'blocked')
  if (passing !== undefined) {
    throw new SignInError('unavailable', `The MCP server ${server.href} cannot be asked now: ${passing.detail}.`)
  }
  throw refused(server, failures.map(({ detail }) => detail).join(', '))
}

function placesOf({ origin, pathname, search }: URL, named: string | undefined): string[] {
  if (named !== undefined && URL.canParse(named) && isSecureUrl(new URL(named))) return [named]
  const root = `${origin}/.well-known/oauth-protected-resource`
  return [...new Set([root + (pathname === '/' ? '' : pathname) + search, root])]
}

/**
 * Whether a resource is the server, or what the server is a part of: MCP servers publish one document for an origin with
 * several. Any other could have tokens for somewhere else sent to it.
 *
 * @see RFC 9728, section 3.3
 */
function covers(resource: string, server: URL): boolean {
  if (!URL.canParse(resource) || resource.includes('#')) return false
  const { origin, pathname } = new URL(resource)
  const inFolder = (path: string) => (path.endsWith('/') ? path : `${path}/`)
  return origin === server.origin && inFolder(server.pathname).startsWith(inFolder(pathname))
}

/** @see the Model Context Protocol, "Scope Selection Strategy", and SEP-2207 for `offline_access` */
function chooseScope(
  asked: string | undefined,
  listed: unknown,
  { scopes_supported: known }: AuthorizationServerMetadata,
): string | undefined {
  const scopes = asked?.split(' ').filter(isText) ?? (Array.isArray(listed) ? listed.filter(isText) : [])
  if (scopes.length === 0) return undefined
  const offline = Array.isArray(known) && known.includes('offline_access') ? ['offline_access'] : []
  return [...new Set([...scopes, ...offline])].join(' ')
}

function readUrl(url: string | URL): URL {
  const text = String(url)
  if (URL.canParse(text) && isSecureUrl(new URL(text))) return new URL(text)
  throw new ConfigurationError('url', 'must be the https URL of an MCP server; http is for loopback only.')
}

function readIssuer(server: URL, issuer: string, options: Pick<Asking, 'fetch' | 'userAgent'>) {
  try {
    // There is no client yet; nothing that is sent here names one.
    return readServer({ ...options, issuer, clientId: 'not registered yet' })
  } catch {
    throw refused(server, `its authorization server ${JSON.stringify(issuer)} is not an https URL`)
  }
}

function refused({ href }: URL, why: string): SignInError {
  return new SignInError('refused', `The MCP server ${href} does not say how to sign in: ${why}.`)
}

const rules: OptionRules<McpServerOptions> = { fetch: callable, userAgent: text, signal: signalRule }
