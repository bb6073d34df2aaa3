import { SignInError } from '../errors/sign-in-error.ts'
import type { GrantOutcome } from '../token/grant.ts'
import { readJwtClaims } from '../token/jwt-claims.ts'
import type { SignInTokens } from '../token/token-set.ts'
import type { AuthorizationServerMetadata } from './metadata.ts'
import type { ResolvedServer } from './server.ts'
import { describeSignInFailure } from './sign-in-request.ts'

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

/** What a sign-in asked for, and of whom. */
export interface AskedFor {
  readonly clientId: string
  /** Space-separated. */
  readonly scope?: string | undefined
  /** Space-separated; `inapplicable` where the flow has no prompt, such as a device's. */
  readonly prompt?: string | undefined
  readonly metadata: AuthorizationServerMetadata
}

/** Servers that want something else than the scope `offline_access`, by the end of their hosts. */
const ownWays: readonly [host: string, advice: string][] = [
  // developers.google.com/identity/protocols/oauth2/web-server, "Offline access"
  ['.google.com', 'Sign in with `extraParameters: { access_type: "offline" }` and `prompt: "consent"`.'],
  // developers.dropbox.com/oauth-guide, "Using refresh tokens"
  ['.dropbox.com', 'Sign in with `extraParameters: { token_access_type: "offline" }`.'],
  // docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code, "Refresh tokens"
  ['.twitter.com', 'Ask for the scope `offline.access` when signing in.'],
  ['.x.com', 'Ask for the scope `offline.access` when signing in.'],
]

/**
 * What was most likely missing when a sign-in brought no refresh token, and what to do about it.
 *
 * @see OpenID Connect Core 1.0, section 11, for `offline_access` and `prompt=consent`; RFC 7591, section 2, for the
 *   client's grant types
 */
export function adviseOnRefreshToken({ clientId, scope, prompt, metadata }: AskedFor): string {
  const host = `.${new URL(metadata.issuer).hostname}`
  const own = ownWays.find(([end]) => host.endsWith(end))
  if (own !== undefined) return own[1]
  const { grant_types_supported: grantTypes, scopes_supported: scopes } = metadata
  if (Array.isArray(grantTypes) && !grantTypes.includes('refresh_token')) {
    return 'This authorization server issues no refresh tokens, says its metadata: sign in again when the access token has expired.'
  }
  const asksForOffline = includesWord(scope, 'offline_access')
  const knowsOffline = !Array.isArray(scopes) || scopes.includes('offline_access')
  if (!asksForOffline && knowsOffline) return 'Ask for the scope `offline_access` when signing in.'
  if (asksForOffline && prompt !== 'inapplicable' && !includesWord(prompt, 'consent')) {
    return 'Sign in with `prompt: "consent"`: without it, this server seems to drop the scope `offline_access`.'
  }
  return `Allow the client ${JSON.stringify(clientId)} the grant type \`refresh_token\` at the authorization server.`
}

/** Whether a space-separated list has a word. */
export function includesWord(list: string | undefined, word: string): boolean {
  return list?.split(' ').includes(word) === true
}
