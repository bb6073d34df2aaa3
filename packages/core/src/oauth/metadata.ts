import { isObject } from '../errors/check-options.ts'
import { retryAfterOf } from '../policy/backoff.ts'
import { classifyTransportError } from '../token/classify-transport-error.ts'
import type { TokenEndpointFailure } from '../token/grant.ts'
import { isIssuerOf } from '../token/issuers.ts'
import { isSecureUrl } from '../token/secure-url.ts'
import { untilAborted } from '../token/until-aborted.ts'
import { commonHeaders, type Fetch, fetchDefaults, readBody, readStatus } from './http.ts'

/**
 * What an authorization server publishes about itself, with the names it is published under.
 *
 * @see RFC 8414, section 2, RFC 9126, section 5, and OpenID Connect Discovery 1.0, section 3
 */
export interface AuthorizationServerMetadata {
  readonly issuer: string
  readonly token_endpoint: string
  readonly authorization_endpoint?: string
  readonly pushed_authorization_request_endpoint?: string
  readonly require_pushed_authorization_requests?: boolean
  readonly device_authorization_endpoint?: string
  readonly registration_endpoint?: string
  readonly end_session_endpoint?: string
  readonly scopes_supported?: readonly string[]
  readonly grant_types_supported?: readonly string[]
  readonly revocation_endpoint?: string
  readonly id_token_signing_alg_values_supported?: readonly string[]
  readonly [member: string]: unknown
}

/**
 * What the request for a metadata document came to.
 *
 * A failure says in each case that no token request was sent (`sent: 'no'`): `transport` without an answer,
 * `unavailable` if the answer was not metadata. It is never an answer of the token endpoint, so it ends no session: a
 * 404 or a page of HTML here says nothing about the grant. Its `detail` says what was asked, and what came.
 */
export type Discovery = { readonly kind: 'found'; readonly metadata: AuthorizationServerMetadata } | DiscoveryFailure

export interface DiscoveryFailure {
  readonly kind: 'failed'
  readonly failure: Extract<TokenEndpointFailure, { detail?: string }> & { readonly detail: string }
  readonly code: string
  /** No connection could be made. */
  readonly isOffline?: boolean
}

export interface DiscoveryOptions {
  readonly fetch: Fetch
  readonly signal: AbortSignal
  readonly userAgent?: string | undefined
}

const openId = '/.well-known/openid-configuration'
const plain = '/.well-known/oauth-authorization-server'

/** So much of an issuer that a server names is shown. */
const longestIssuer = 200

/** How often a redirect is followed. */
const mostRedirects = 3

/**
 * Fetches the metadata of an issuer, from the first well-known place that has it. Never throws.
 *
 * @see OpenID Connect Discovery 1.0, section 4, and RFC 8414, sections 3 and 5
 */
export async function discoverMetadata(issuer: string, options: DiscoveryOptions): Promise<Discovery> {
  const failures: DiscoveryFailure[] = []
  for (const place of wellKnownPlaces(new URL(issuer))) {
    const discovery = await requestMetadata(place, { ...options, issuer })
    if (discovery.kind === 'found') return discovery
    failures.push(discovery)
    // Where there is no connection, the server's other places cannot be reached either.
    if (options.signal.aborted || discovery.isOffline === true) break
  }
  // Where none serves, what the first one served says more about the mistake than a 404 does.
  const failed = failures.find(({ failure }) => failure.code !== 'blocked')
  if (failed !== undefined) return failed
  const { failure, code } = failures[0] as DiscoveryFailure
  const detail = `${failure.detail}; if there is none, give the option \`metadata\``
  return { kind: 'failed', code, failure: { ...failure, detail } }
}

/** Where documents are looked for: what is in use comes first. */
function wellKnownPlaces({ origin, pathname }: URL): string[] {
  const path = pathname.replace(/\/$/, '')
  const places = [path + openId, plain + path, openId + path, path + plain, plain]
  return [...new Set(places)].map((place) => origin + place)
}

interface PlaceOptions extends DiscoveryOptions {
  readonly issuer: string
}

async function requestMetadata(url: string, options: PlaceOptions): Promise<Discovery> {
  const document = await requestDocument(url, options)
  return typeof document === 'string' ? readMetadata(document, { url, issuer: options.issuer }) : document
}

/** The text of a document that a server publishes at an address. Never throws. */
export async function requestDocument(url: string, options: DiscoveryOptions): Promise<string | DiscoveryFailure> {
  const { signal } = options
  let response: Response
  try {
    response = await follow(url, options)
  } catch (error) {
    const { code = 'discoveryFailed', sent } = classifyTransportError(error, { signal })
    return { ...unreached(url, code), isOffline: sent === 'no' }
  }
  const text = await readBody(response, { signal })
  if (!response.ok) return describeRefusal(url, response)
  return text ?? unreached(url, signal.aborted ? 'timeout' : 'discoveryCut')
}

/** Sends the request, and follows redirects as long as they stay at the server. */
async function follow(place: string, { fetch, signal, userAgent }: DiscoveryOptions): Promise<Response> {
  const { origin } = new URL(place)
  const headers = Object.fromEntries(commonHeaders(userAgent))
  let url = place
  for (let redirects = 0; ; redirects += 1) {
    const init = { method: 'GET', headers, signal, ...fetchDefaults() }
    const response = await untilAborted(fetch(url, init), signal)
    const location = response.headers.get('location')
    if (response.type === 'opaqueredirect') {
      // Browsers do not show where it leads: where it led.
      const followed = await untilAborted(fetch(url, { ...init, redirect: 'follow' }), signal)
      return new URL(followed.url).origin === origin ? followed : response
    }
    const isRedirect = response.status >= 300 && response.status < 400 && location !== null
    const next = isRedirect && URL.canParse(location, url) ? new URL(location, url) : undefined
    if (next?.origin !== origin || redirects === mostRedirects) return response
    response.body?.cancel().catch(() => {})
    url = next.href
  }
}

/** There was no answer. Even if this request was sent, the token request was not. */
export function unreached(url: string, code: string): DiscoveryFailure {
  return { kind: 'failed', failure: { kind: 'transport', sent: 'no', code, detail: `${url}: ${code}` }, code }
}

function describeRefusal(url: string, response: Response): DiscoveryFailure {
  const status = readStatus(response)
  const retryAfter = retryAfterOf(Object.fromEntries(response.headers))
  const isTroubled = status >= 500 || status === 408 || status === 425
  const kind = status === 429 ? 'throttled' : isTroubled ? 'server' : 'blocked'
  return fail(`discoveryStatus${status}`, `${url} answered ${status}`, { code: kind, retryAfter })
}

function readMetadata(text: string, { url, issuer }: { url: string; issuer: string }): Discovery {
  const metadata = parseObject(text)
  const named = metadata?.issuer
  if (typeof named !== 'string') return fail('discoveryUnreadable', `${url} is not metadata`)
  // The document must be the issuer's own, else one server could speak for another (RFC 8414, section 3.3).
  if (!isIssuerOf(named, issuer)) {
    return fail(
      'discoveryIssuerMismatch',
      `${url} names the issuer ${JSON.stringify(named.slice(0, longestIssuer))}, not ${JSON.stringify(issuer)}`,
      // No firewall answers so; but what stands at the root of a server is not meant for an issuer below it.
      { code: url.includes(new URL(issuer).pathname.replace(/\/$/, '')) ? 'server' : 'blocked' },
    )
  }
  return isSecureEndpoint(metadata?.token_endpoint)
    ? { kind: 'found', metadata: metadata as AuthorizationServerMetadata }
    : fail('discoveryWithoutTokenEndpoint', `${url} names no token endpoint with https`)
}

function fail(
  code: string,
  detail: string,
  failure: { code: string; retryAfter?: string | undefined } = { code: 'blocked' },
): DiscoveryFailure {
  return { kind: 'failed', failure: { kind: 'unavailable', sent: 'no', detail, ...failure }, code }
}

/** Whether a member of the metadata is a URL that secrets may be sent to. */
export function isSecureEndpoint(endpoint: unknown): endpoint is string {
  return typeof endpoint === 'string' && URL.canParse(endpoint) && isSecureUrl(new URL(endpoint))
}

/** The members of a JSON object; nothing where the text is something else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Whether a server answers at all, be it with an error, when asked for its metadata. Never throws. */
export async function isReachable(issuer: string, options: DiscoveryOptions): Promise<boolean> {
  const { origin, pathname } = new URL(issuer)
  try {
    const response = await follow(origin + pathname.replace(/\/$/, '') + openId, options)
    response.body?.cancel().catch(() => {})
    return true
  } catch {
    return false
  }
}
