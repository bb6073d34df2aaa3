import { SignInError } from '../errors/sign-in-error.ts'
import { StoreError } from '../errors/store-error.ts'
import { nextGeneration } from '../policy/choose-record.ts'
import { signedInRecord } from '../policy/next-record.ts'
import { canRevokeReplaced } from '../policy/revoke-replaced.ts'
import { recordFormatVersion, type SessionIdentity, type SessionRecord } from '../store/session-record.ts'
import { readJwtClaims } from '../token/jwt-claims.ts'
import { normalizeTokenSet } from '../token/normalize-token-set.ts'
import type { ProofKey } from '../token/proof.ts'
import type { SignInTokens, TokenSet } from '../token/token-set.ts'
import { hasLanded } from './has-landed.ts'
import type { SignInOptions } from './session.ts'
import type { ResolvedOptions } from './session-options.ts'
import type { SessionParts } from './session-parts.ts'

/** How often somebody else's write may come between reading the record and writing over it. */
const attempts = 20

/**
 * Stores the tokens of a sign-in, above every generation ever reserved: a refresh under way then loses to them. No
 * lease is waited for. What is replaced is revoked where that cannot harm what replaces it.
 */
export async function signIntoStore(
  parts: SessionParts,
  input: SignInTokens,
  options: SignInOptions,
): Promise<SessionRecord> {
  const { store, vault } = parts
  const now = parts.options.clock.now()
  const normalized = normalizeTokenSet(input, now)
  if (normalized.kind === 'malformed') {
    throw new SignInError('unusableTokens', `What was given to signIn is no token set: ${normalized.problem}.`)
  }
  const { tokenSet } = normalized
  const proofKey = await takeKey(input.proofKey, tokenSet, parts.options)
  const identity = identify(tokenSet, parts, options)
  const revision = parts.createId()
  const signInId = parts.createId()

  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const read = await store.read()
    if (!read.ok) throw read.error
    const before = read.value
    if (before !== undefined && options.replaceSubject !== true) refuseAnotherSubject(before, identity)
    const next = signedInRecord(before, {
      formatVersion: recordFormatVersion,
      revision,
      signInId,
      generation: nextGeneration(before, { now, floor: vault.highestGeneration }),
      identity,
      tokenSet,
      proofKey,
    })
    const written = await store.compareAndSet(before?.revision, next)
    if (written.ok ? written.value : await hasLanded(parts, revision)) {
      revokeReplaced(parts, before, next)
      return next
    }
    if (!written.ok) throw written.error
  }
  throw new StoreError('storeUnavailable', 'The stored session kept changing; sign in again.')
}

/** What the sign-in says of a refresh token that did not come, for the notice. */
export function adviceOf({ refreshTokenAdvice }: SignInTokens): { advice?: string } {
  return typeof refreshTokenAdvice === 'string' ? { advice: refreshTokenAdvice } : {}
}

/**
 * The key that the tokens are bound to, as it is to be kept.
 * @throws SignInError when they could not be used with it
 */
async function takeKey(
  proofKey: unknown,
  { tokenType }: TokenSet,
  { grant }: ResolvedOptions,
): Promise<ProofKey | undefined> {
  if (proofKey === undefined && tokenType !== 'DPoP') return undefined
  if (grant.dpop === undefined) {
    throw new SignInError('unusableTokens', 'These tokens are bound to a key: give the grant `dpop: dpop()`.')
  }
  return grant.dpop.takeKey(proofKey)
}

function identify(tokenSet: TokenSet, parts: SessionParts, options: SignInOptions): SessionIdentity {
  const { issuer, clientId } = parts.options.grant.identity
  const claims = tokenSet.idToken === undefined ? {} : (readJwtClaims(tokenSet.idToken) ?? {})
  const entries = {
    issuer: issuer ?? claims.iss,
    clientId,
    subject: options.subject ?? claims.sub,
  }
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => typeof value === 'string'))
}

function refuseAnotherSubject(before: SessionRecord, identity: SessionIdentity): void {
  if (before.status === 'signedOut' || !differs(before.identity, identity)) return
  throw new SignInError(
    'subjectMismatch',
    'These tokens belong to somebody else than the session does. Sign out first, or pass { replaceSubject: true }.',
  )
}

/** A subject is unique only within its issuer (OpenID Connect Core, section 2, `sub`). */
function differs(one: SessionIdentity, other: SessionIdentity): boolean {
  return isKnownToDiffer(one.subject, other.subject) || isKnownToDiffer(one.issuer, other.issuer)
}

function isKnownToDiffer(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other
}

function revokeReplaced(parts: SessionParts, before: SessionRecord | undefined, next: SessionRecord): void {
  const replaced = before?.secrets?.tokenSet
  if (replaced?.refreshToken === undefined || !canRevokeReplaced(before?.identity ?? {}, next.identity)) return
  void parts.revoke(replaced)
}
