import { backoffDelay } from '../policy/backoff.ts'
import { decideAfterReread, nextGeneration, type RefreshPrompt, type RereadDecision } from '../policy/choose-record.ts'
import { begunRecord, recordWithIntent } from '../policy/next-record.ts'
import {
  type RefreshIntent,
  recordFormatVersion,
  type SessionIdentity,
  type SessionRecord,
} from '../store/session-record.ts'
import type { Lease } from '../store/session-store.ts'
import { type IdTokenVerdict, needsSignIn } from '../token/grant.ts'
import { carryForward } from '../token/normalize-token-set.ts'
import { failLocally } from './fail-locally.ts'
import { findProofKey } from './find-proof-key.ts'
import { giveBack } from './give-back.ts'
import type { RefreshHolder, RefreshOutcome } from './refresh-holder.ts'
import { type RequestResult, requestTokens } from './request-tokens.ts'
import { createStoreAccess, type StoreAccess, storeFailureCode } from './store-access.ts'
import { storeIssued } from './store-issued.ts'
import { follow, type RefreshEnd, storeEnd, storeFailure } from './store-outcome.ts'
import { waitForLease } from './wait-for-lease.ts'

/** How often the record may change between the re-read and the intent before we give up for now. */
const intentAttempts = 5

interface RefreshContext {
  readonly prompt: RefreshPrompt
  readonly holder: RefreshHolder
  readonly store: StoreAccess
  readonly lease: Lease
}

/**
 * Gets the session its next token set, alone among everybody who shares the store:
 *
 * 1. wait for the lease;
 * 2. re-read: somebody may have been quicker;
 * 3. write the intent, so that a crash from here on is known;
 * 4. make the token request, which nobody aborts (8. and once more, if its answer was lost);
 * 5. issued: store, until it is stored (9.);
 * 6. refused for good: write the end;
 * 7. transient: write the backoff.
 *
 * Never throws. Reading a token that is valid needs none of this.
 */
export async function refreshUnderLease(prompt: RefreshPrompt, holder: RefreshHolder): Promise<RefreshOutcome> {
  const store = createStoreAccess(holder.store, holder)
  const waited = await waitForLease(prompt, holder, store)
  if (waited.kind === 'settled') return waited.outcome
  const { lease } = waited
  try {
    holder.report({ type: 'lease.acquired' })
    return await refreshOnce({ prompt, holder, store, lease })
  } finally {
    await giveBack(lease, holder.clock)
  }
}

async function refreshOnce(context: RefreshContext): Promise<RefreshOutcome> {
  const { prompt, holder, store, lease } = context
  for (let attempt = 0; attempt < intentAttempts; attempt += 1) {
    const read = await store.read()
    if (!read.ok) return failLocally(storeFailureCode(read.error), holder)
    const record = read.value
    const decision = decideAfterReread(record, prompt, {
      now: holder.clock.now(),
      needsRefreshToken: holder.grant.needsRefreshToken,
      needsSignIn: needsSignIn(holder.grant),
      issuer: holder.grant.identity.issuer,
    })
    holder.debug({ type: 'decision', decision: decision.kind, generation: prompt.generation })
    if (decision.kind === 'follow') return { kind: 'followed', record }
    if (record !== undefined && decision.kind !== 'request') return settle(decision, record, context)
    if (!holder.isOnline()) return failLocally('offline', holder)
    // Whoever was interested may have left while we waited; from the intent on, nobody can stop us.
    if (holder.interest.aborted) return { kind: 'cancelled' }
    if (lease.lost.aborted) return failLocally('leaseTimeout', holder)

    const outcomeUnknown = decision.kind === 'request' && decision.outcomeUnknown
    const before = hasBegun(record) ? record : beginRecord(record, holder)
    const intended = recordWithIntent(before, {
      ...createIntent(before, outcomeUnknown, holder),
      proofKey: await findProofKey(before, holder),
    })
    const written = await store.compareAndSet(record?.revision, intended)
    if (!written.ok) return failLocally(storeFailureCode(written.error), holder)
    if (written.value) return spendRefreshToken(intended, { before, outcomeUnknown }, context)
  }
  return failLocally('storeUnavailable', holder)
}

/** What comes of a record that is not to be refreshed. */
function settle(
  decision: Exclude<RereadDecision, { kind: 'request' | 'follow' }>,
  record: SessionRecord,
  context: RefreshContext,
): RefreshOutcome | Promise<RefreshOutcome> {
  switch (decision.kind) {
    case 'adopt':
      return { kind: 'adopted', record }
    case 'end':
      return storeEnd(
        record,
        { reason: decision.reason, erase: 'nothing', keepIntent: decision.reason === 'clientRejected' },
        context,
      )
    case 'backOff':
      return backOff(record, context)
    case 'wait':
      return { ...decision, kind: 'failed', code: record.failure?.code ?? 'server', record }
  }
}

function hasBegun(record: SessionRecord | undefined): record is SessionRecord {
  return record !== undefined && record.status !== 'signedOut'
}

/** The record of a session that begins with this very refresh, since nobody has to sign in. */
function beginRecord(record: SessionRecord | undefined, holder: RefreshHolder): SessionRecord {
  const { issuer, clientId } = holder.grant.identity
  return begunRecord(record, {
    formatVersion: recordFormatVersion,
    revision: holder.createId(),
    signInId: holder.createId(),
    identity: { ...(issuer === undefined ? {} : { issuer }), ...(clientId === undefined ? {} : { clientId }) },
  })
}

function createIntent(
  record: SessionRecord,
  outcomeUnknown: boolean,
  holder: RefreshHolder,
): RefreshIntent & { revision: string } {
  const now = holder.clock.now()
  return {
    revision: holder.createId(),
    generation: record.generation,
    reservedGeneration: nextGeneration(record, { now, floor: holder.highestGeneration() }),
    startedAt: now,
    holder: holder.holder,
    outcomeUnknown,
  }
}

async function spendRefreshToken(
  intended: SessionRecord,
  { before, outcomeUnknown }: { before: SessionRecord; outcomeUnknown: boolean },
  context: RefreshContext,
): Promise<RefreshOutcome> {
  const { prompt, holder, store, lease } = context
  if (lease.lost.aborted) {
    await withdrawIntent(intended, before, context)
    return failLocally('leaseTimeout', holder)
  }
  holder.report({ type: 'intent.written', signInId: intended.signInId })
  const result = await requestTokens(intended, holder, { store, lease, outcomeUnknown })
  switch (result.kind) {
    case 'issued':
      holder.report({ type: 'tokens.issued' })
      return takeIssued(intended, result, context)
    case 'refused':
      return storeEnd(intended, describeEnd(result, holder), context)
    case 'transient':
      return storeFailure(intended, result, context)
    case 'moved': {
      const read = await store.read()
      return read.ok ? follow(read.value, { holder, prompt }) : failLocally(storeFailureCode(read.error), holder)
    }
  }
}

/** Nothing was sent, so nobody need wonder what came of it. Should this write fail, somebody will: that is harmless. */
async function withdrawIntent(intended: SessionRecord, before: SessionRecord, context: RefreshContext): Promise<void> {
  const { refreshIntent, ...withoutIntent } = intended
  const earlier = before.refreshIntent === undefined ? {} : { refreshIntent: before.refreshIntent }
  await context.store.compareAndSet(intended.revision, {
    ...withoutIntent,
    ...earlier,
    revision: context.holder.createId(),
  })
}

function takeIssued(
  intended: SessionRecord,
  result: Extract<RequestResult, { kind: 'issued' }>,
  context: RefreshContext,
): Promise<RefreshOutcome> {
  const { holder } = context
  if (isSomebodyElse(result.idToken, intended.identity)) {
    holder.revoke(result.tokenSet)
    return storeEnd(intended, { reason: 'identityMismatch', erase: 'all' }, context)
  }
  // An id token that does not validate is not kept; the one before it still says who this is.
  const { idToken, ...withoutIdToken } = result.tokenSet
  const tokenSet = result.idToken?.valid === false ? withoutIdToken : result.tokenSet
  return storeIssued(
    intended,
    {
      proofKey: result.proofKey,
      tokenSet: carryForward(tokenSet, intended.secrets?.tokenSet),
      generation: intended.refreshIntent?.reservedGeneration ?? intended.highestReservedGeneration,
      subject: intended.identity.subject ?? (result.idToken?.valid ? result.idToken.subject : undefined),
    },
    context,
  )
}

/** @see OpenID Connect Core, section 12.2: the `iss` and `sub` of a refreshed id token must be the same as before */
function isSomebodyElse(idToken: IdTokenVerdict | undefined, identity: SessionIdentity): boolean {
  if (idToken === undefined) return false
  const { issuer, subject } = idToken
  return (
    (subject !== undefined && identity.subject !== undefined && subject !== identity.subject) ||
    (issuer !== undefined && identity.issuer !== undefined && issuer !== identity.issuer)
  )
}

function describeEnd(result: Extract<RequestResult, { kind: 'refused' }>, { grant }: RefreshHolder): RefreshEnd {
  const { verdict, wasUnknown } = result
  const { reason, serverCode, eraseRefreshToken } = verdict
  // A refusal of the client says nothing about the refresh token; and without a sign-in there is none to be rotated.
  if (wasUnknown && reason !== 'clientRejected' && needsSignIn(grant))
    return { reason: 'rotationLost', serverCode, erase: 'refreshToken' }
  return { reason, serverCode, erase: eraseRefreshToken ? 'refreshToken' : 'nothing', keepIntent: wasUnknown }
}

function backOff(record: SessionRecord, context: RefreshContext): Promise<RefreshOutcome> {
  const delay = backoffDelay(record.rejectionStreak, context.holder.random())
  const verdict = { kind: 'transient', code: 'tokenUnusable', mayHaveCommitted: false } as const
  return storeFailure(record, { verdict, keepIntent: true, delay }, context)
}
