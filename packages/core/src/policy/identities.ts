import type { SessionIdentity } from '../store/session-record.ts'
import { isIssuerOf, isSameIssuer } from '../token/issuers.ts'

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

/**
 * Whether tokens that a sign-in has replaced can be revoked without harm to those that have replaced them.
 *
 * Only where both are known to belong to different subjects. A server may keep one grant for a user at a client, and
 * revoking any token of it may end all of them (RFC 7009, section 2.1): the sign-in of a moment ago would be over. So
 * the tokens of the same subject, or of an unknown one, are left to expire. And only at the server and by the client
 * that they were issued to: no other may see them.
 */
export function canRevokeReplaced(replaced: SessionIdentity, by: SessionIdentity): boolean {
  return (
    replaced.subject !== undefined &&
    by.subject !== undefined &&
    replaced.subject !== by.subject &&
    (replaced.issuer === by.issuer || isSameIssuer(replaced.issuer, by.issuer)) &&
    replaced.clientId === by.clientId
  )
}
