import { isObject } from '../errors/check-options.ts'

/**
 * The claims of a JWT, read without verifying anything, or `undefined` when the text is not a JWT.
 *
 * Good for hints (an expiry, whose token this is), never for trust.
 *
 * @see RFC 7519, section 3
 */
export function readJwtClaims(token: string): Record<string, unknown> | undefined {
  return readJwtPart(token, 1)
}

/** The header of a JWT, such as `{ alg: 'RS256' }`, read the same way. */
export function readJwtHeader(token: string): Record<string, unknown> | undefined {
  return readJwtPart(token, 0)
}

/**
 * How long a JWT lives, in seconds, by its `exp` and `iat`; by its `exp` alone, seen from `now`. The two are of one clock,
 * which may be another than this device's.
 *
 * @param now milliseconds since the epoch
 */
export function readJwtLifetime(token: string, now: number): number | undefined {
  const { exp, iat } = readJwtClaims(token) ?? {}
  if (!isFiniteNumber(exp)) return undefined
  return isFiniteNumber(iat) && iat < exp ? exp - iat : exp - now / 1000
}

function readJwtPart(token: string, index: 0 | 1): Record<string, unknown> | undefined {
  const parts = token.split('.')
  const part = parts[index]
  if (part === undefined || parts.length !== 3) return undefined
  try {
    const bytes = Uint8Array.from(atob(part.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0))
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return isObject(claims) ? claims : undefined
  } catch {
    return undefined
  }
}

export function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
