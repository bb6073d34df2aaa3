import { decideAfterReread, isBefore, nextGeneration, type RereadDecision } from '../policy/choose-record.ts'
import { recordWithIntent } from '../policy/next-record.ts'
import { withoutRuns } from '../policy/rejections.ts'
import type { RefreshIntent, SessionIdentity, SessionRecord } from '../store/session-record.ts'
import type { Lease } from '../store/session-store.ts'
import type { IdTokenVerdict } from '../token/grant.ts'
import { isIssuerOf } from '../token/issuers.ts'
import { carryForward } from '../token/normalize-token-set.ts'
import type { ProofKey } from '../token/proof.ts'
import { failOffline } from './fail-offline.ts'
import { failLocally, type Refresh, type RefreshHolder, type RefreshOutcome } from './holder.ts'
import { giveBack, isLost, waitForLease } from './lease.ts'
import { type RequestResult, requestTokens } from './request-tokens.ts'
import { settle } from './settle.ts'
import { signInUnderLease } from './sign-in-under-lease.ts'
import { readRecord, storeFailureCode, writeRecord } from './store-access.ts'
import { writeBack } from './write-back.ts'
import { follow, type RefreshEnd, storeEnd, storeFailure, storeIssued } from './write-outcome.ts'

/** How often the record may change between the re-read and the intent before we give up for now. */
const intentAttempts = 5
/** How often the lease may be lost before anything is sent until we give up for now. */
const leaseAttempts = 3

/**
 * Gets the session its next token set, alone among all holders that share the store:
 *
 * 1. wait for the lease;
 * 2. re-read: another holder may have been quicker;
 * 3. write the intent, so that a crash from here on is known;
 * 4. make the token request, which nothing aborts (8. and once more, if its answer was lost);
 * 5. issued: store, until it is stored (9.);
 * 6. refused for good: write the end;
 * 7. transient: write the backoff.
 *
 * Where the lease is lost before anything was sent, it begins anew.
 *
 * Never throws. Reading a token that is valid needs none of this.
 */
export async function refreshUnderLease(refresh: Refresh): Promise<RefreshOutcome> {
  const { holder } = refresh
  const proceed = holder.grant.signIn === undefined ? refreshOnce : signInUnderLease
  for (let attempt = 0; attempt < leaseAttempts; attempt += 1) {
    const waited = await waitForLease(refresh)
    if (waited.kind === 'settled') return waited.outcome
    const { lease } = waited
    try {
      refresh.report({ type: 'lease.acquired' })
      const outcome = await proceed(refresh, lease)
      if (outcome !== 'leaseLost') return outcome
    } finally {
      await giveBack(lease, holder.clock)
    }
  }
  return failLocally('leaseTimeout', holder)
}

async function refreshOnce(refresh: Refresh, lease: Lease): Promise<RefreshOutcome | 'leaseLost'> {
  const { prompt, holder, interest } = refresh
  for (let attempt = 0; attempt < intentAttempts; attempt += 1) {
    const read = await readRecord(holder)
    if (!read.ok) return failLocally(storeFailureCode(read.error), holder)
    const record = read.value
    // Another sign-in's refresh token, perhaps another user's, is not for a caller of this one.
    if (record === undefined || isBefore(record, holder.knownRecord)) return { kind: 'followed', record: undefined }
    const settledAt = await writeBack(holder, record)
    if (settledAt !== undefined) {
      return { kind: 'failed', code: 'storeUnavailable', retryAt: settledAt, serverAsked: true }
    }
    const decision = decideAfterReread(record, prompt, {
      now: holder.clock.now(),
      needsRefreshToken: holder.grant.needsRefreshToken,
      issuer: holder.grant.identity.issuer,
    })
    holder.debug({ type: 'decision', decision: decision.kind, generation: prompt.generation })
    if (decision.kind !== 'request') return settle(decision, record, refresh)
    const offline = await failOffline(holder)
    if (offline !== undefined) return offline
    // Callers may have left while we waited; from the intent on, nothing can stop us.
    if (interest.aborted) return { kind: 'cancelled' }
    if (isLost(lease)) return 'leaseLost'

    const intended = recordWithIntent(record, await createIntent(record, decision, holder))
    const written = await writeRecord(holder, record.revision, intended, { under: lease })
    if (!written.ok) return failLocally(storeFailureCode(written.error), holder)
    if (written.value) return spendRefreshToken(record, intended, { refresh, lease })
  }
  return failLocally('storeUnavailable', holder)
}

async function createIntent(
  record: SessionRecord,
  { outcomeUnknown, rejections = record.rejections }: Extract<RereadDecision, { kind: 'request' }>,
  holder: RefreshHolder,
): Promise<RefreshIntent & { revision: string; proofKey?: ProofKey; rejections?: SessionRecord['rejections'] }> {
  const now = holder.clock.now()
  return {
    revision: holder.createId(),
    generation: record.generation,
    reservedGeneration: nextGeneration(record, { now, floor: holder.highestGeneration }),
    startedAt: now,
    holder: holder.holderId,
    outcomeUnknown,
    proofKey: await findProofKey(record, holder),
    rejections: withoutRuns(rejections, holder.endedRuns),
  }
}

/**
 * The key that the next tokens will be bound to: the one there is, or a new one for a session that had none. Without
 * secrets to keep it with, the grant makes one itself; where none can be made, it will say so.
 */
async function findProofKey({ secrets }: SessionRecord, { grant }: RefreshHolder): Promise<ProofKey | undefined> {
  if (secrets === undefined || secrets.proofKey !== undefined || grant.dpop === undefined) return secrets?.proofKey
  try {
    return await grant.dpop.createKey()
  } catch {
    return undefined
  }
}

async function spendRefreshToken(
  before: SessionRecord,
  intended: SessionRecord,
  { refresh, lease }: { refresh: Refresh; lease: Lease },
): Promise<RefreshOutcome | 'leaseLost'> {
  const { holder } = refresh
  refresh.report({ type: 'intent.written', signInId: intended.signInId })
  const outcomeUnknown = intended.refreshIntent?.outcomeUnknown ?? false
  const from = { record: intended, expectedRevision: intended.revision }
  const result = await requestTokens(intended, holder, { lease, outcomeUnknown })
  switch (result.kind) {
    case 'issued':
      refresh.report({ type: 'tokens.issued' })
      return takeIssued(intended, result, refresh)
    case 'refused':
      return storeEnd(from, describeEnd(result), refresh)
    case 'transient':
      return storeFailure(from, result, refresh)
    case 'leaseLost': {
      // Nothing was sent, so nothing need be asked again. Should this write fail, it will be: that is harmless.
      const { refreshIntent } = before
      await writeRecord(holder, intended.revision, { ...intended, refreshIntent, revision: holder.createId() })
      return 'leaseLost'
    }
    case 'moved': {
      const read = await readRecord(holder)
      return read.ok ? follow(read.value, refresh) : failLocally(storeFailureCode(read.error), holder)
    }
  }
}

function takeIssued(
  intended: SessionRecord,
  result: Extract<RequestResult, { kind: 'issued' }>,
  refresh: Refresh,
): Promise<RefreshOutcome> {
  const { tokenSet, idToken, proofKey, rotatedOnly = false } = result
  const from = { record: intended, expectedRevision: intended.revision }
  if (isOfAnotherSubject(idToken, intended.identity)) {
    refresh.holder.revoke(tokenSet)
    return storeEnd(from, { reason: 'identityMismatch', erase: 'all' }, refresh)
  }
  // An id token that does not validate is not kept; the one before it still says who this is.
  const kept = idToken?.valid === false ? { ...tokenSet, idToken: undefined } : tokenSet
  // A token that was rejected cannot be used for what is left of its time.
  const isSpent = rotatedOnly && refresh.prompt.cause === 'rejected'
  const expiresAt = isSpent ? refresh.holder.clock.now() : kept.expiresAt
  return storeIssued(
    from,
    {
      proofKey,
      rotatedOnly,
      tokenSet: { ...carryForward(kept, intended.secrets?.tokenSet), expiresAt },
      generation: intended.refreshIntent?.reservedGeneration ?? intended.highestReservedGeneration,
      subject: intended.identity.subject ?? (idToken?.valid ? idToken.subject : undefined),
    },
    refresh,
  )
}

/** @see OpenID Connect Core, section 12.2: the `iss` and `sub` of a refreshed id token must be the same as before */
function isOfAnotherSubject(idToken: IdTokenVerdict | undefined, identity: SessionIdentity): boolean {
  if (idToken === undefined) return false
  const { issuer, subject } = idToken
  return (
    (subject !== undefined && identity.subject !== undefined && subject !== identity.subject) ||
    (issuer !== undefined && identity.issuer !== undefined && !isIssuerOf(issuer, identity.issuer))
  )
}

function describeEnd({ verdict, wasUnknown }: Extract<RequestResult, { kind: 'refused' }>): RefreshEnd {
  const { reason, serverCode, eraseRefreshToken } = verdict
  // A refusal of the client says nothing about the refresh token.
  if (wasUnknown && reason !== 'clientRejected') return { reason: 'rotationLost', serverCode, erase: 'refreshToken' }
  return { reason, serverCode, erase: eraseRefreshToken ? 'refreshToken' : 'nothing', keepIntent: wasUnknown }
}
