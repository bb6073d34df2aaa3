import type { SessionIdentity } from '../store/session-record.ts'
import { isSameIssuer } from '../token/issuers.ts'

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
