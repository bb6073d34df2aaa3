import type { SessionIdentity } from '../store/session-record.ts'
import { isIssuerOf } from '../token/issuers.ts'

/**
 * Whether the tokens of a record were issued by another server than the grant speaks to: an app may have changed its
 * issuer, and kept its key and its store. What one server has issued is not for another to see.
 *
 * The spelling makes no difference, as in discovery. Where either is unknown, they count as the same.
 *
 * @see RFC 9700, section 4.4: a client keeps what belongs to different authorization servers apart
 */
export function isOfAnotherIssuer(identity: SessionIdentity, issuer: string | undefined): boolean {
  return identity.issuer !== undefined && issuer !== undefined && !isIssuerOf(identity.issuer, issuer)
}
