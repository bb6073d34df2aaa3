import { wait } from '../clock/wait.ts'
import { backoffDelay } from '../policy/backoff.ts'
import { decideAfterLostWrite, type RefreshPrompt } from '../policy/choose-record.ts'
import { recordWithTokens } from '../policy/next-record.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { TokenSet } from '../token/token-set.ts'
import type { RefreshHolder, RefreshOutcome } from './refresh-holder.ts'
import { longestStorePauseMilliseconds, storeKeepAliveMilliseconds } from './refresh-timing.ts'
import type { StoreAccess, StoreResult } from './store-access.ts'
import { follow } from './store-outcome.ts'

/** A token set that was issued for a record, on its way into the store. */
export interface IssuedTokens {
  readonly tokenSet: TokenSet
  readonly generation: number
  readonly subject?: string | undefined
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
  const { holder, store, prompt } = context
  const began = holder.clock.now()
  // One revision for every try: a write that seemed to fail and lands late is still known as ours.
  const revision = holder.createId()
  let current = intended
  for (let failures = 0; ; ) {
    const next = buildRecord(current, issued, { revision, prompt, holder })
    const written = await store.compareAndSet(current.revision, next)
    if (written.ok && written.value) return { kind: 'refreshed', record: next }

    const theirs = await readBack(store, written)
    if (theirs.ok) {
      const sent = { revision, signInId: intended.signInId, sentGeneration: intended.generation }
      switch (decideAfterLostWrite(theirs.value, sent)) {
        case 'stored':
          return { kind: 'refreshed', record: next }
        case 'adopt':
          return follow(theirs.value, { holder, prompt })
        case 'revoke':
          holder.revoke(issued.tokenSet)
          return follow(theirs.value, { holder, prompt })
        case 'writeAgain':
          current = theirs.value ?? current
      }
      if (written.ok) continue
    }
    if (failures === 0) {
      holder.take(next)
      holder.report({ type: 'tokens.unstored', record: next })
    }
    failures += 1
    const pause = Math.min(backoffDelay(failures, holder.random()), longestStorePauseMilliseconds)
    const keepAlive = holder.clock.now() - began < storeKeepAliveMilliseconds
    const end = await wait(holder.clock, pause, { signal: holder.abandonment, keepAlive })
    if (end === 'aborted') return { kind: 'failed', code: 'storeUnavailable', retryAt: began, serverAsked: false }
  }
}

/** What is there instead of our write. A write that failed may have landed, so that is asked as well. */
async function readBack(
  store: StoreAccess,
  written: StoreResult<boolean>,
): Promise<StoreResult<SessionRecord | undefined>> {
  const theirs = await store.read()
  return written.ok || theirs.ok ? theirs : written
}

function buildRecord(
  current: SessionRecord,
  issued: IssuedTokens,
  context: { revision: string; prompt: RefreshPrompt; holder: RefreshHolder },
): SessionRecord {
  const { revision, prompt, holder } = context
  const { tokenSet, generation, subject } = issued
  const isUnusable = tokenSet.expiresAt !== undefined && tokenSet.expiresAt <= tokenSet.receivedAt
  const replacesOneRejectedSoon = prompt.cause === 'rejected' && prompt.rejectedSoon
  const rejectionStreak = isUnusable || replacesOneRejectedSoon ? current.rejectionStreak + 1 : 0
  const next = recordWithTokens(current, {
    revision,
    generation,
    tokenSet,
    rejectionStreak,
    subject,
  })
  if (!isUnusable) return next
  const { receivedAt } = tokenSet
  return {
    ...next,
    failure: { code: 'tokenUnusable', count: rejectionStreak, since: receivedAt, refusalsWithoutReason: 0 },
    backoffUntil: receivedAt + backoffDelay(rejectionStreak, holder.random()),
  }
}
