import { isText, textOf } from '../errors/check-options.ts'
import type { IdTokenVerdict } from '../token/grant.ts'
import { isIssuerOfToken, isSameIssuer } from '../token/issuers.ts'
import { isFiniteNumber, readJwtClaims, readJwtHeader } from '../token/jwt-claims.ts'
import type { IdTokenOptions } from './server.ts'

/** What an id token is judged by. */
export interface IdTokenExpectation {
  /** As the server's metadata names it; perhaps with `{tenantid}`. */
  readonly issuer: string
  /** As the app writes it, and is told it. */
  readonly identifier: string
  readonly clientId: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The same by the server's clock, where its response says so: this device's clock may be wrong. */
  readonly serverTime?: number | undefined
  /** What the server says it signs with. */
  readonly algorithms?: readonly string[] | undefined
  /** The id token before this one. */
  readonly previous?: string | undefined
  readonly rules: IdTokenOptions
}

const defaultToleranceMilliseconds = 30_000

/** Signed with a key that only the server has (RFC 7518, section 3.1; RFC 8037; RFC 9864). */
const asymmetric = /^((RS|PS|ES)(256|384|512)|EdDSA|Ed25519|ML-DSA-\d+)$/

/**
 * Judges the claims of an id token that came straight from the token endpoint, over TLS: so its signature need not be
 * checked. Never throws.
 *
 * An id token that does not validate is a verdict, not a failure, since the token set beside it has been issued all the
 * same.
 *
 * @see OpenID Connect Core 1.0, sections 3.1.3.7 and 12.2
 */
export function judgeIdToken(idToken: string, expected: IdTokenExpectation): IdTokenVerdict {
  const header = readJwtHeader(idToken)
  const claims = readJwtClaims(idToken)
  if (header === undefined || claims === undefined) return { valid: false, code: 'notAJwt' }
  const { iss, sub } = claims
  const isOwn = isOfServer(claims, expected)
  const issuer = isOwn ? expected.identifier : iss
  const code = isOwn ? findProblem({ header, claims }, expected) : 'issuerMismatch'
  if (code === undefined && isText(issuer) && isText(sub)) return { valid: true, issuer, subject: sub }
  return {
    valid: false,
    code: code ?? 'subjectMissing',
    issuer: textOf(issuer),
    subject: textOf(sub),
  }
}

type Claims = Readonly<Record<string, unknown>>

/** Whether it names the server, and the same tenant of it as the id token before. */
function isOfServer({ iss, tid }: Claims, { issuer, previous }: IdTokenExpectation): boolean {
  const before = previous === undefined ? undefined : readJwtClaims(previous)?.iss
  if (!isText(iss) || (isText(before) && !isSameIssuer(before, iss))) return false
  return isIssuerOfToken(iss, issuer, tid)
}

function findProblem(
  { header, claims }: { header: Claims; claims: Claims },
  expected: IdTokenExpectation,
): string | undefined {
  const { aud, azp, exp, iat, nbf = 0, nonce } = claims
  const { clientId, now, serverTime = now, previous } = expected
  if (!isExpectedAlgorithm(header.alg, expected)) return 'algorithmNotAccepted'
  const audiences = Array.isArray(aud) ? aud : [aud]
  if (!audiences.includes(clientId)) return 'audienceMismatch'
  if (audiences.length > 1 && azp !== clientId) return 'authorizedPartyMismatch'
  if (!isFiniteNumber(exp) || !isFiniteNumber(iat) || !isFiniteNumber(nbf)) return 'timesMissing'
  const tolerance = expected.rules.clockToleranceMilliseconds ?? defaultToleranceMilliseconds
  // By one of the clocks: `NaN` for a server that does not tell its time compares as false.
  if (!(exp * 1000 > now - tolerance || exp * 1000 > serverTime - tolerance)) return 'expired'
  if (!(nbf * 1000 <= now + tolerance || nbf * 1000 <= serverTime + tolerance)) return 'notYetValid'
  // A refreshed one need not have any.
  const earlier = previous === undefined ? undefined : readJwtClaims(previous)?.nonce
  return nonce !== undefined && earlier !== undefined && nonce !== earlier ? 'nonceMismatch' : undefined
}

/** Servers that publish nothing of it may sign as they like; `none` and, unless it was agreed to, a shared secret never do. */
function isExpectedAlgorithm(algorithm: unknown, { algorithms, rules }: IdTokenExpectation): boolean {
  if (!isText(algorithm) || algorithm === 'none') return false
  if (algorithm === 'HS256' && rules.acceptHs256 === true) return true
  return Array.isArray(algorithms) ? algorithms.includes(algorithm) : asymmetric.test(algorithm)
}
