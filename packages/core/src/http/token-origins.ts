import { isSecureUrl } from '../token/secure-url.ts'

/**
 * A function that tells the origin of a URL if requests to it may carry the token, `undefined` otherwise.
 *
 * They may if the origin is among those allowed and is https, or http on this machine's loopback. A relative URL is
 * resolved as fetch resolves it: against the document, or the worker's script.
 */
export function createTokenOrigins(allowedOrigins: Iterable<string>): (url: string) => string | undefined {
  const origins = [...allowedOrigins].filter((origin) => URL.canParse(origin) && isSecureUrl(new URL(origin)))
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
  const base = globalThis.document?.baseURI ?? globalThis.location?.href
  if (!URL.canParse(url, base)) return undefined
  const { protocol, origin } = new URL(url, base)
  return protocol === 'https:' || protocol === 'http:' ? origin : undefined
}
