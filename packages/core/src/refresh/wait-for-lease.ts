import { timeoutSignal } from '../clock/wait.ts'
import { isWorthAdopting, type RefreshPrompt } from '../policy/choose-record.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { Lease } from '../store/session-store.ts'
import { untilAborted } from '../token/until-aborted.ts'
import { failLocally } from './fail-locally.ts'
import { giveBack } from './give-back.ts'
import type { RefreshHolder, RefreshOutcome } from './refresh-holder.ts'
import { leaseWaitMilliseconds } from './refresh-timing.ts'
import { type StoreAccess, storeFailureCode, toStoreError } from './store-access.ts'
import { coalesce, watchRecord } from './watch-record.ts'

/** A store that goes on waiting when nobody wants the lease any more must not keep it when it comes. */
async function leaseUntilAborted(holder: RefreshHolder, signal: AbortSignal): Promise<Lease> {
  const coming = holder.store.lease(holder.key, { signal })
  try {
    return await untilAborted(coming, signal)
  } catch (error) {
    coming.then(
      (lease) => giveBack(lease, holder.clock),
      () => {},
    )
    throw error
  }
}

/** The lease, or what made waiting for it pointless. */
export type LeaseWait =
  | { readonly kind: 'leased'; readonly lease: Lease }
  | { readonly kind: 'settled'; readonly outcome: RefreshOutcome }

/**
 * Waits for the exclusive right to refresh, for as long as somebody is interested. Whoever holds it may bring the very
 * tokens we want: the record is watched meanwhile.
 */
export async function waitForLease(
  prompt: RefreshPrompt,
  holder: RefreshHolder,
  store: StoreAccess,
): Promise<LeaseWait> {
  const { key, clock } = holder
  const newer = new AbortController()
  const timeout = timeoutSignal(clock, leaseWaitMilliseconds)
  const signal = AbortSignal.any([holder.interest, timeout.signal, newer.signal])
  let found: SessionRecord | undefined

  async function lookForNewerTokens() {
    const result = await store.read()
    if (!result.ok || result.value === undefined) return
    if (!isWorthAdopting(result.value, prompt.generation, clock.now())) return
    found = result.value
    newer.abort()
  }

  const unwatch = watchRecord(holder.store, { key, onHint: coalesce(lookForNewerTokens) })
  try {
    return { kind: 'leased', lease: await leaseUntilAborted(holder, signal) }
  } catch (error) {
    // When the wait runs out: one more look, since a hint can be late or lost.
    if (timeout.signal.aborted && found === undefined) await lookForNewerTokens()
    if (found !== undefined) return { kind: 'settled', outcome: { kind: 'adopted', record: found } }
    if (holder.interest.aborted) return { kind: 'settled', outcome: { kind: 'cancelled' } }
    if (timeout.signal.aborted) return { kind: 'settled', outcome: failLocally('leaseTimeout', holder) }
    return { kind: 'settled', outcome: failLocally(storeFailureCode(toStoreError(error)), holder) }
  } finally {
    timeout.stop()
    unwatch()
  }
}
