import * as oauth from 'oauth4webapi'
import { readErrorCode } from '../token/classify-transport-error.ts'
import type { IdTokenVerdict } from '../token/grant.ts'
import { readJwtClaims } from '../token/jwt-claims.ts'
import type { AuthorizationServerMetadata } from './authorization-server-metadata.ts'

/**
 * Validates the id token of a token response. Never throws.
 *
 * The signature is not checked: the token came straight from the token endpoint, over TLS. An id token that does not
 * validate is a verdict, not a failure, since the token set beside it has been issued all the same.
 *
 * @param now milliseconds since the epoch
 * @see OpenID Connect Core 1.0, sections 3.1.3.7 and 12.2
 */
export async function judgeIdToken(
  idToken: string,
  { metadata, clientId, now }: { metadata: AuthorizationServerMetadata; clientId: string; now: number },
): Promise<IdTokenVerdict> {
  try {
    // A response of our own making: whatever else is odd about the real one must not spoil the id token's verdict.
    const response = Response.json({ access_token: 'unused', token_type: 'bearer', id_token: idToken })
    const client = { client_id: clientId, [oauth.clockSkew]: Math.round((now - Date.now()) / 1000) }
    const server = metadata as unknown as oauth.AuthorizationServer
    const claims = oauth.getValidatedIdTokenClaims(await oauth.processRefreshTokenResponse(server, client, response))
    if (claims !== undefined) return { valid: true, issuer: claims.iss, subject: claims.sub }
    return { valid: false, code: 'idTokenMissing' }
  } catch (error) {
    // The error holds the id token in its `cause`; only its code goes on.
    return { valid: false, code: readErrorCode(error) ?? 'idTokenInvalid', ...readIdentity(idToken) }
  }
}

function readIdentity(idToken: string): { issuer?: string; subject?: string } {
  const { iss, sub } = readJwtClaims(idToken) ?? {}
  return {
    ...(typeof iss === 'string' ? { issuer: iss } : {}),
    ...(typeof sub === 'string' ? { subject: sub } : {}),
  }
}
