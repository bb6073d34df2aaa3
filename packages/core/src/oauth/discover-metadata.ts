import * as oauth from 'oauth4webapi'
import { classifyTransportError } from '../token/classify-transport-error.ts'
import type { TokenEndpointFailure } from '../token/grant.ts'
import { isSecureUrl } from '../token/secure-url.ts'
import { untilAborted } from '../token/until-aborted.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'
import type { Fetch } from './fetch.ts'
import { readBody } from './read-body.ts'
import { readStatus } from './read-token-response.ts'

/**
 * What a metadata document's request came to.
 *
 * A failure says in each case that no token request was sent (`sent: 'no'`): `transport` if nobody answered,
 * `unavailable` if the answer was no metadata. It is never an answer of the token endpoint, so it ends no session: a
 * 404 or a page of HTML here says nothing about the grant.
 */
export type Discovery =
  | { readonly kind: 'found'; readonly metadata: AuthorizationServerMetadata }
  | { readonly kind: 'failed'; readonly failure: TokenEndpointFailure; readonly code: string }

/**
 * Fetches the metadata of an issuer: OpenID Connect's document, else OAuth's. Never throws.
 *
 * @see OpenID Connect Discovery 1.0, section 4, and RFC 8414, section 3
 */
export async function discoverMetadata(
  issuer: URL,
  options: { fetch: Fetch; signal: AbortSignal },
): Promise<Discovery> {
  const openId = await requestMetadata(issuer, 'oidc', options)
  if (!isBlocked(openId)) return openId
  const plain = await requestMetadata(issuer, 'oauth2', options)
  // Where neither serves, what the first one served says more about the mistake than a 404 does.
  return isBlocked(plain) ? openId : plain
}

/** Whether a server that is well gave something else than its metadata: the other well-known place may have it. */
function isBlocked(discovery: Discovery): boolean {
  return discovery.kind === 'failed' && discovery.failure.kind === 'unavailable' && discovery.failure.code === 'blocked'
}

async function requestMetadata(
  issuer: URL,
  algorithm: 'oidc' | 'oauth2',
  { fetch, signal }: { fetch: Fetch; signal: AbortSignal },
): Promise<Discovery> {
  let response: Response
  try {
    const request = oauth.discoveryRequest(issuer, {
      algorithm,
      signal,
      [oauth.customFetch]: (url, { headers, method, redirect }) => fetch(url, { headers, method, redirect, signal }),
      [oauth.allowInsecureRequests]: issuer.protocol === 'http:',
    })
    response = await untilAborted(request, signal)
  } catch (error) {
    // Whatever became of this request, the token request was not sent.
    const { code = 'discoveryFailed' } = classifyTransportError(error, { signal })
    return { kind: 'failed', failure: { kind: 'transport', sent: 'no', code }, code }
  }
  const text = await readBody(response, { signal })
  if (!response.ok) return describeRefusal(response)
  if (text === undefined) {
    const code = signal.aborted ? 'timeout' : 'discoveryCut'
    return { kind: 'failed', failure: { kind: 'transport', sent: 'no', code }, code }
  }
  return readMetadata(text, issuer)
}

function describeRefusal(response: Response): Discovery {
  const status = readStatus(response)
  const retryAfter = response.headers.get('retry-after')
  const troubled = status >= 500 || status === 408 || status === 425
  const code = status === 429 ? 'throttled' : troubled ? 'server' : 'blocked'
  return {
    kind: 'failed',
    failure: { kind: 'unavailable', sent: 'no', code, ...(retryAfter === null ? {} : { retryAfter }) },
    code: `discoveryStatus${status}`,
  }
}

function readMetadata(text: string, issuer: URL): Discovery {
  const metadata = parseObject(text)
  const code =
    metadata === undefined
      ? 'discoveryUnreadable'
      : !hasIssuer(metadata, issuer)
        ? 'discoveryIssuerMismatch'
        : isSecureEndpoint(metadata.token_endpoint)
          ? undefined
          : 'discoveryWithoutTokenEndpoint'
  if (code === undefined) return { kind: 'found', metadata: metadata as unknown as AuthorizationServerMetadata }
  return { kind: 'failed', failure: { kind: 'unavailable', sent: 'no', code: 'blocked' }, code }
}

/** Whether a member of the metadata is a URL that secrets may be sent to. */
export function isSecureEndpoint(endpoint: unknown): endpoint is string {
  return typeof endpoint === 'string' && URL.canParse(endpoint) && isSecureUrl(new URL(endpoint))
}

/** The document must be the issuer's own, else one server could speak for another (RFC 8414, section 3.3). */
function hasIssuer({ issuer }: Record<string, unknown>, expected: URL): boolean {
  return typeof issuer === 'string' && URL.canParse(issuer) && withoutSlash(new URL(issuer)) === withoutSlash(expected)
}

/** Both have the same document, whichever way the issuer is written (OpenID Connect Discovery 1.0, section 4). */
function withoutSlash({ href }: URL): string {
  return href.replace(/\/$/, '')
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
