import type { SessionIdentity } from '../store/session-record.ts'

/**
 * Whether the tokens of a record were issued by another server than the grant speaks to: an app may have changed its
 * issuer, and kept its key and its store. What one server has issued is not for another to see.
 *
 * A slash at the end makes no difference, as in discovery. Where either is unknown, nobody can tell.
 *
 * @see RFC 9700, section 4.4: a client keeps what belongs to different authorization servers apart
 */
export function isOfAnotherIssuer(identity: SessionIdentity, issuer: string | undefined): boolean {
  if (identity.issuer === undefined || issuer === undefined) return false
  return withoutSlash(identity.issuer) !== withoutSlash(issuer)
}

function withoutSlash(issuer: string): string {
  return issuer.endsWith('/') ? issuer.slice(0, -1) : issuer
}
