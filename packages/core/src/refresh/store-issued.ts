import { backoffDelay } from '../policy/backoff.ts'
import { decideAfterLostWrite, type RefreshPrompt } from '../policy/choose-record.ts'
import { isUnusableOnArrival } from '../policy/expiry.ts'
import { recordWithTokens } from '../policy/next-record.ts'
import { canRevokeReplaced } from '../policy/revoke-replaced.ts'
import type { SessionRecord } from '../store/session-record.ts'
import { needsSignIn } from '../token/grant.ts'
import type { ProofKey } from '../token/proof.ts'
import type { TokenSet } from '../token/token-set.ts'
import { failLocally } from './fail-locally.ts'
import type { RefreshHolder, RefreshOutcome } from './refresh-holder.ts'
import type { StoreAccess } from './store-access.ts'
import { follow } from './store-outcome.ts'
import { writeUntilStored } from './write-until-stored.ts'

/** A token set that was issued for a record, on its way into the store. */
export interface IssuedTokens {
  readonly tokenSet: TokenSet
  readonly generation: number
  readonly subject?: string | undefined
  /** The key that they are bound to. */
  readonly proofKey?: ProofKey | undefined
}

/**
 * Stores a token set that was issued. The old refresh token is spent, so giving up would lose the session: while the
 * store is down the set is served from memory and the lease is kept, and storing is tried until it succeeds or
 * somebody else has moved the session on.
 */
export async function storeIssued(
  intended: SessionRecord,
  issued: IssuedTokens,
  context: { holder: RefreshHolder; store: StoreAccess; prompt: RefreshPrompt },
): Promise<RefreshOutcome> {
  const { holder, prompt } = context
  const sent = {
    revision: holder.createId(),
    signInId: intended.signInId,
    sentGeneration: intended.generation,
    needsSignIn: needsSignIn(holder.grant),
  }
  const random = holder.random()
  const result = await writeUntilStored(
    intended,
    {
      build: (current) => buildRecord(current, issued, { revision: sent.revision, prompt, random }),
      judge(theirs) {
        const decision = decideAfterLostWrite(theirs, sent)
        return decision === 'adopt' || decision === 'revoke' ? 'movedOn' : decision
      },
      onTrouble: (next) => holder.report({ type: 'tokens.unstored', record: next }),
      patienceMilliseconds: Number.POSITIVE_INFINITY,
    },
    context,
  )
  switch (result.kind) {
    case 'stored':
      return { kind: 'refreshed', record: result.record }
    case 'movedOn':
      if (decideAfterLostWrite(result.record, sent) === 'revoke' && isNobodys(intended, result.record)) {
        holder.revoke(issued.tokenSet)
      }
      return follow(result.record, { holder, prompt })
    case 'unstored':
      return failLocally('storeUnavailable', holder)
  }
}

/** Whether ours can be revoked: nobody is signed in any more, or somebody else is. */
function isNobodys(intended: SessionRecord, theirs: SessionRecord | undefined): boolean {
  return theirs?.status !== 'signedIn' || canRevokeReplaced(intended.identity, theirs.identity)
}

function buildRecord(
  current: SessionRecord,
  issued: IssuedTokens,
  context: { revision: string; prompt: RefreshPrompt; random: number },
): SessionRecord {
  const { revision, prompt, random } = context
  const { tokenSet, generation, subject, proofKey } = issued
  const isUnusable = isUnusableOnArrival(tokenSet)
  const replacesOneRejectedSoon = prompt.cause === 'rejected' && prompt.rejectedSoon
  const rejectionStreak = isUnusable || replacesOneRejectedSoon ? current.rejectionStreak + 1 : 0
  const next = recordWithTokens(current, {
    revision,
    generation,
    tokenSet,
    rejectionStreak,
    subject,
    proofKey,
  })
  if (!isUnusable) return next
  const { receivedAt } = tokenSet
  return {
    ...next,
    failure: { code: 'tokenUnusable', count: rejectionStreak, since: receivedAt, refusalsWithoutReason: 0 },
    backoffUntil: receivedAt + backoffDelay(rejectionStreak, random),
  }
}
