import { ConfigurationError } from '../errors/configuration-error.ts'

/**
 * A function that tells the origin of a URL if requests to it may carry the token, `undefined` otherwise.
 *
 * They may if the origin is among those allowed and is https, or http on this machine's loopback. A relative URL is
 * resolved as fetch resolves it: against the document, or the worker's script.
 *
 * @throws ConfigurationError when no origin is listed
 */
export function createTokenOrigins(allowedOrigins: readonly string[]): (url: string) => string | undefined {
  if (allowedOrigins.length === 0) {
    throw new ConfigurationError('allowedOrigins', 'must list an origin: no request would carry the token.')
  }
  const origins = allowedOrigins
  // A URL that begins with a serialized origin and a slash can have no other origin. Parsing would say the same; this
  // is most of what a request with a fresh token costs over a bare fetch.
  const prefixes = origins.map((origin) => `${origin}/`)
  const allowed = new Set(origins)

  return (url) => {
    const index = prefixes.findIndex((prefix) => url.startsWith(prefix))
    if (index >= 0) return origins[index]
    const origin = httpOriginOf(url)
    return origin !== undefined && allowed.has(origin) ? origin : undefined
  }
}

/** The origin of an http or https URL; `undefined` for every other text, a `blob:` URL among them. */
export function httpOriginOf(url: string): string | undefined {
  if (!URL.canParse(url, baseUrl())) return undefined
  const { protocol, origin } = new URL(url, baseUrl())
  return protocol === 'https:' || protocol === 'http:' ? origin : undefined
}

/** A URL that fetch takes, as fetch resolves it. */
export function absoluteUrlOf(url: string): string {
  return new URL(url, baseUrl()).href
}

function baseUrl(): string | undefined {
  return globalThis.document?.baseURI ?? globalThis.location?.href
}
