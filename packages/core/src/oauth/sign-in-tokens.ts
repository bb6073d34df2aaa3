import { SignInError } from '../errors/sign-in-error.ts'
import type { GrantOutcome } from '../token/grant.ts'
import { readJwtClaims } from '../token/jwt-claims.ts'
import type { SignInTokens } from '../token/token-set.ts'
import { type AskedFor, adviseOnRefreshToken } from './refresh-token-advice.ts'
import { describeSignInFailure } from './sign-in-failure.ts'

/** What a sign-in asked for, so far as its outcome is judged by it. */
export interface SignInRequest extends AskedFor {
  /** What the id token must repeat: a sign-in with a nonce must bring an id token (OpenID Connect Core, 3.1.3.7). */
  readonly nonce?: string | undefined
}

/**
 * The tokens that a sign-in's token request gave.
 *
 * Stricter than a refresh: nobody loses a session over an id token that does not validate, for there is none yet.
 *
 * @throws SignInError `refused`, `unavailable` or `unusableTokens` when there are none, `idTokenRejected` when the id
 *   token does not validate
 */
export function readSignInTokens(outcome: GrantOutcome, request: SignInRequest): SignInTokens {
  if (outcome.kind === 'failed') throw describeSignInFailure(outcome.failure)
  const { tokenSet, idToken: verdict } = outcome
  if (verdict?.valid === false) throw rejectIdToken(verdict.code)
  if (request.nonce !== undefined) checkNonce(tokenSet.idToken, request.nonce)
  if (tokenSet.refreshToken !== undefined) return tokenSet
  return { ...tokenSet, refreshTokenAdvice: adviseOnRefreshToken(request) }
}

/** An id token without the nonce may have been issued to another sign-in, and be replayed here. */
function checkNonce(idToken: string | undefined, nonce: string): void {
  if (idToken === undefined) throw rejectIdToken('idTokenMissing')
  if (readJwtClaims(idToken)?.nonce !== nonce) throw rejectIdToken('nonceMismatch')
}

function rejectIdToken(code: string): SignInError {
  return new SignInError(
    'idTokenRejected',
    `The id token that was issued does not validate (${code}). Check the client, this device's clock and the issuer.`,
  )
}
