import { checkOptions, flag, text } from '../errors/check-options.ts'
import { SignInError } from '../errors/sign-in-error.ts'
import { StoreError, type UnreadableSummary } from '../errors/store-error.ts'
import { nextGeneration } from '../policy/choose-record.ts'
import { canRevokeReplaced, isOfAnotherIssuer } from '../policy/identities.ts'
import { begunRecord, signedInRecord, signedOutRecord } from '../policy/next-record.ts'
import { hasLanded, readRecord, storeFailureCode, writeRecord } from '../refresh/store-access.ts'
import type { SessionIdentity, SessionRecord } from '../store/session-record.ts'
import { isIssuerOf } from '../token/issuers.ts'
import { readJwtClaims } from '../token/jwt-claims.ts'
import { normalizeTokenSet } from '../token/normalize-token-set.ts'
import type { ProofKey } from '../token/proof.ts'
import type { SignInTokens, TokenSet } from '../token/token-set.ts'
import type { SignedOut, SignInOptions, SignOutOptions } from './session.ts'
import type { SessionCore } from './session-core.ts'
import type { SessionEvent } from './session-events.ts'

/** How often another holder's write may come between reading the record and writing over it. */
const attempts = 20

/** What a sign-out came to in the store. */
export interface SignOutResult {
  readonly event: SessionEvent
  /** Why the store could not be told. */
  readonly error?: StoreError
  /** The id token that was erased: a secret, for the caller that asked for it. */
  readonly idToken?: string
  /** Resolves when the revocation has been tried. */
  readonly revocation?: Promise<void>
}

/**
 * Lets sign-ins and sign-outs of one session happen in the order in which they were called: otherwise what is stored
 * and what is served could differ. The first in line begins at once.
 */
export function inTurn<Value>(core: SessionCore, change: () => Promise<Value>): Promise<Value> {
  const changed = core.identityChange === undefined ? change() : core.identityChange.then(change)
  const settled = changed.then(ignore, ignore).then(() => {
    if (core.identityChange === settled) core.identityChange = undefined
  })
  core.identityChange = settled
  void core.inBackground(settled)
  return changed
}

function ignore() {}

/**
 * Stores the tokens of a sign-in, above every generation ever reserved: a refresh under way then loses to them. No
 * lease is waited for. What is replaced is revoked where that cannot harm what replaces it.
 *
 * @throws SignInError, StoreError, ConfigurationError; nothing was changed then
 */
export async function signInNow(core: SessionCore, input: SignInTokens, options: SignInOptions): Promise<void> {
  checkOptions(options, { subject: text, replaceSubject: flag })
  const now = core.clock.now()
  const normalized = normalizeTokenSet(input, now)
  if (normalized.kind === 'malformed') {
    throw new SignInError('unusableTokens', `The tokens given to signIn cannot be used: ${normalized.problem}.`)
  }
  const { tokenSet } = normalized
  const proofKey = await takeKey(input.proofKey, tokenSet, core)
  const identity = identify(tokenSet, core, options)
  refuseAnotherIssuer(tokenSet, core)
  const signIn = { revision: core.createId(), signInId: core.createId(), identity, tokenSet, proofKey }

  const written = await writeOver(core, signIn.revision, (before, lost) => {
    if (options.replaceSubject !== true) refuseAnotherSubject(before ?? lost, identity)
    const floor = Math.max(core.vault.highestGeneration, lost?.highestReservedGeneration ?? 0)
    const generation = nextGeneration(before, { now, floor })
    return signedInRecord(before, { ...signIn, generation })
  })
  if (written.error !== undefined) throw written.error
  const { before, next } = written
  revokeReplaced(core, before, next)
  const advice = input.refreshTokenAdvice ?? core.grant.provider?.refreshTokenAdvice
  const token = core.vault.describe(next)
  core.send({ type: 'signIn.stored', token, advice: typeof advice === 'string' ? advice : undefined })
}

/**
 * Signs out: forgets the tokens here at once, erases them from the store, waits for the revocation to have been tried.
 *
 * @throws StoreError when the store could not be told
 */
export async function signOutNow(core: SessionCore, options: SignOutOptions): Promise<SignedOut> {
  checkOptions(options, { returnIdToken: flag })
  core.send({ type: 'signOut.requested' })
  // The chart has heard that by now, unless the caller is a listener that the chart itself is just calling.
  await Promise.resolve()
  const { signingOut } = core
  // It holds the id token, which must not be found here later.
  core.signingOut = undefined
  const result = await signingOut
  if (result?.error !== undefined) throw result.error
  await result?.revocation
  return options.returnIdToken === true && result?.idToken !== undefined ? { idToken: result.idToken } : {}
}

/**
 * Writes the tombstone, above every generation ever reserved: a refresh under way then loses to it. No lease is waited
 * for. Then revokes what was signed out.
 */
export async function signOutOfStore(core: SessionCore): Promise<SignOutResult> {
  const { vault, clock, grant } = core
  const revision = core.createId()
  const written = await writeOver(core, revision, (before, lost) => {
    // Where the grant signs in by itself, no record means a session that has not begun: it must not begin now.
    const record = before ?? (grant.signIn !== undefined || lost !== undefined ? begin(core) : undefined)
    if (record === undefined || record.status === 'signedOut') return undefined
    const floor = Math.max(vault.highestGeneration, lost?.highestReservedGeneration ?? 0)
    const generation = nextGeneration(record, { now: clock.now(), floor })
    return signedOutRecord(record, { revision, generation })
  })
  if (written.error !== undefined) {
    const { error } = written
    return { event: { type: 'signOut.failed', code: storeFailureCode(error) }, error }
  }
  const { before, next } = written
  if (next === undefined) {
    return { event: { type: 'signOut.stored', generation: before?.generation ?? vault.highestGeneration } }
  }
  core.tombstone = next
  const tokenSet = before?.secrets?.tokenSet
  return {
    event: { type: 'signOut.stored', generation: vault.describe(next).generation },
    revocation: tokenSet && revokeSignedOut(core, before.identity, tokenSet),
    idToken: tokenSet?.idToken,
  }
}

type WrittenOver<Next> =
  | { readonly before: SessionRecord | undefined; readonly next: Next; readonly error?: undefined }
  | { readonly error: StoreError }

/** Reads the record and writes over it, however often other holders write between. `undefined` leaves it as it is. */
async function writeOver<Next extends SessionRecord | undefined>(
  core: SessionCore,
  revision: string,
  build: (before: SessionRecord | undefined, lost: UnreadableSummary | undefined) => Next,
): Promise<WrittenOver<Next>> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const read = await readRecord(core)
    // A record that cannot be opened is replaced by a sign-in and a sign-out, and by nothing else.
    if (!read.ok && read.replaceable === undefined) return { error: read.error }
    const before = read.ok ? read.value : undefined
    const lost = read.ok ? undefined : (read.error.summary ?? { identity: {}, highestReservedGeneration: 0 })
    const next = build(before, lost)
    if (next === undefined) return { before, next }
    const expected = read.ok ? before?.revision : read.replaceable
    const written = await writeRecord(core, expected, next)
    if (written.ok ? written.value : await hasLanded(core, revision)) {
      if (lost !== undefined) core.listeners.tell({ type: 'revocationFailed', code: 'recordUnreadable' })
      return { before, next }
    }
    if (!written.ok) return { error: written.error }
  }
  return { error: new StoreError('storeUnavailable', 'The stored session kept changing. Try again.') }
}

function begin(core: SessionCore): SessionRecord {
  const { issuer, clientId } = core.grant.identity
  return begunRecord(undefined, {
    revision: core.createId(),
    signInId: core.createId(),
    identity: { issuer, clientId },
  })
}

/**
 * The key that the tokens are bound to, as it is to be kept.
 * @throws SignInError when they could not be used with it
 */
async function takeKey(
  proofKey: unknown,
  { tokenType }: TokenSet,
  { grant }: SessionCore,
): Promise<ProofKey | undefined> {
  if (proofKey === undefined && tokenType !== 'DPoP') return undefined
  if (grant.dpop === undefined) {
    throw new SignInError('unusableTokens', 'These tokens are bound to a key: give the grant `dpop: dpop()`.')
  }
  return grant.dpop.takeKey(proofKey)
}

function identify({ idToken }: TokenSet, { grant }: SessionCore, { subject }: SignInOptions): SessionIdentity {
  const { issuer, clientId } = grant.identity
  const { iss, sub } = (idToken === undefined ? undefined : readJwtClaims(idToken)) ?? {}
  const known = { issuer: issuer ?? iss, clientId, subject: subject ?? sub }
  return Object.fromEntries(Object.entries(known).filter(([, value]) => typeof value === 'string'))
}

/** What the first refresh would take for another server's tokens is refused at once. */
function refuseAnotherIssuer({ idToken }: TokenSet, { grant }: SessionCore): void {
  const { issuer } = grant.identity
  const iss = idToken === undefined ? undefined : readJwtClaims(idToken)?.iss
  if (issuer === undefined || typeof iss !== 'string' || isIssuerOf(iss, issuer)) return
  throw new SignInError(
    'idTokenRejected',
    `The id token is of the issuer ${JSON.stringify(iss)}, but the \`issuer\` of the grant is ${JSON.stringify(issuer)}.`,
  )
}

function refuseAnotherSubject(
  before: { readonly identity: SessionIdentity; readonly status?: SessionRecord['status'] } | undefined,
  identity: SessionIdentity,
): void {
  if (before === undefined || before.status === 'signedOut') return
  // A subject is unique only within its issuer (OpenID Connect Core, section 2, `sub`).
  const isSame =
    !isKnownToDiffer(before.identity.subject, identity.subject) && !isOfAnotherIssuer(before.identity, identity.issuer)
  if (isSame) return
  throw new SignInError(
    'subjectMismatch',
    'These are the tokens of another user. Sign out first, or pass { replaceSubject: true }.',
  )
}

function isKnownToDiffer(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other
}

function revokeReplaced(core: SessionCore, before: SessionRecord | undefined, next: SessionRecord): void {
  const replaced = before?.secrets?.tokenSet
  if (replaced?.refreshToken === undefined || !canRevokeReplaced(before?.identity ?? {}, next.identity)) return
  void core.revoke(replaced)
}

/** Revokes at the server that issued the tokens, and at no other. */
async function revokeSignedOut(core: SessionCore, identity: SessionIdentity, tokenSet: TokenSet): Promise<void> {
  if (isOfAnotherIssuer(identity, core.grant.identity.issuer)) core.listeners.tell({ type: 'revocationFailed' })
  else await core.revoke(tokenSet)
}
