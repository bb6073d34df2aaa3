import { SignInError } from '../errors/sign-in-error.ts'
import type { GrantOutcome } from '../token/grant.ts'
import { readJwtClaims } from '../token/jwt-claims.ts'
import type { SignInTokens } from '../token/token-set.ts'
import { type AskedFor, adviseOnRefreshToken } from './refresh-token-advice.ts'
import type { ResolvedServer } from './server.ts'
import { describeSignInFailure } from './sign-in-failure.ts'

/** What a sign-in asked for, so far as its outcome is judged by it. */
export interface SignInRequest extends AskedFor {
  readonly server: ResolvedServer
  /** What the id token must repeat: a sign-in with a nonce must bring an id token (OpenID Connect Core, 3.1.3.7). */
  readonly nonce?: string | undefined
  /** The parameters of the callback, where there was one. */
  readonly callback?: URLSearchParams
}

/**
 * The tokens that a sign-in's token request gave.
 *
 * Stricter than a refresh: no session is lost over an id token that does not validate, for there is none yet.
 *
 * @throws SignInError `refused`, `unavailable` or `unusableTokens` when there are none, `idTokenRejected` when the id
 *   token does not validate
 */
export function readSignInTokens(outcome: GrantOutcome, request: SignInRequest): SignInTokens {
  if (outcome.kind === 'failed') throw describeSignInFailure(outcome.failure)
  const { tokenSet, idToken: verdict, proofKey } = outcome
  const { server, callback } = request
  if (tokenSet.accessToken === '') {
    throw new SignInError('unusableTokens', 'What the authorization server issued has no access token.')
  }
  if (verdict?.valid === false) throw rejectIdToken(verdict.code)
  if (request.nonce !== undefined) checkNonce(tokenSet.idToken, request.nonce, server)
  const kept = server.keepMembers.flatMap((name) => (callback?.has(name) ? [[name, callback.get(name)]] : []))
  return {
    ...tokenSet,
    ...(kept.length === 0 ? {} : { details: { ...Object.fromEntries(kept), ...tokenSet.details } }),
    ...(tokenSet.refreshToken === undefined
      ? { refreshTokenAdvice: server.provider.refreshTokenAdvice ?? adviseOnRefreshToken(request) }
      : {}),
    proofKey,
  }
}

/** An id token without the nonce may have been issued to another sign-in, and be replayed here. */
function checkNonce(idToken: string | undefined, expected: string, { idTokens }: ResolvedServer): void {
  if (idToken === undefined) throw rejectIdToken('idTokenMissing')
  const nonce = readJwtClaims(idToken)?.nonce
  if (nonce === expected) return
  if (nonce === undefined && idTokens.acceptWithoutNonce === true) return
  if (nonce === '' && idTokens.acceptEmptyNonce === true) return
  throw rejectIdToken(nonce === undefined ? 'nonceMissing' : nonce === '' ? 'nonceEmpty' : 'nonceMismatch')
}

/** What to do about it, where something can be done. */
const remedies: Readonly<Record<string, string>> = {
  nonceMissing: 'If this server sends none, give the option `idTokens: { acceptWithoutNonce: true }`.',
  nonceEmpty: 'If this server sends none, give the option `idTokens: { acceptEmptyNonce: true }`.',
  algorithmNotAccepted:
    'If this server signs with the client secret, give the option `idTokens: { acceptHs256: true }`; if with another algorithm, `metadata: { id_token_signing_alg_values_supported }`.',
  issuerMismatch: 'Give the option `issuer` as the server names itself.',
  expired: 'Set this device’s clock, or give the option `idTokens: { clockToleranceMilliseconds }`.',
  notYetValid: 'Set this device’s clock, or give the option `idTokens: { clockToleranceMilliseconds }`.',
}

function rejectIdToken(code: string): SignInError {
  const remedy = remedies[code] ?? 'Check the client and the issuer.'
  return new SignInError('idTokenRejected', `The id token that was issued does not validate (${code}). ${remedy}`)
}
