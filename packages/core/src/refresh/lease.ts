import type { Clock } from '../clock/clock.ts'
import { timeoutSignal } from '../clock/wait.ts'
import { isWorthAdopting } from '../policy/choose-record.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { Lease } from '../store/session-store.ts'
import { untilAborted } from '../token/until-aborted.ts'
import { failLocally, type Refresh, type RefreshOutcome } from './holder.ts'
import { readRecord, storeFailureCode, toStoreError } from './store-access.ts'
import { leaseWaitMilliseconds, storeOperationMilliseconds } from './timing.ts'
import { coalesce, watchRecord } from './watch-record.ts'

/** The lease, or what made waiting for it pointless. */
export type LeaseWait =
  | { readonly kind: 'leased'; readonly lease: Lease }
  | { readonly kind: 'settled'; readonly outcome: RefreshOutcome }

/**
 * Waits for the exclusive right to refresh, for as long as anything waits for the refresh. The holder that has it may
 * bring the very tokens we want: the record is watched meanwhile.
 */
export async function waitForLease({ holder, prompt, interest }: Refresh): Promise<LeaseWait> {
  const { key, clock, store } = holder
  const newer = new AbortController()
  const timeout = timeoutSignal(clock, leaseWaitMilliseconds)
  const signal = AbortSignal.any([interest, timeout.signal, newer.signal])
  let found: SessionRecord | undefined

  async function lookForNewerTokens() {
    const { value } = (await readRecord(holder)) as { value?: SessionRecord }
    if (value === undefined || !isWorthAdopting(value, prompt.generation, clock.now())) return
    found = value
    newer.abort()
  }

  const unwatch = watchRecord(store, { key, onHint: coalesce(lookForNewerTokens) })
  try {
    return { kind: 'leased', lease: await leaseUntilAborted(store.lease(key, { signal }), { clock, signal }) }
  } catch (error) {
    // When the wait runs out: one more look, since a hint can be late or lost.
    if (timeout.signal.aborted && found === undefined) await lookForNewerTokens()
    if (found !== undefined) return { kind: 'settled', outcome: { kind: 'adopted', record: found } }
    if (interest.aborted) return { kind: 'settled', outcome: { kind: 'cancelled' } }
    const code = timeout.signal.aborted ? 'leaseTimeout' : storeFailureCode(toStoreError(error))
    return { kind: 'settled', outcome: failLocally(code, holder) }
  } finally {
    timeout.stop()
    unwatch()
  }
}

/** A store that goes on waiting when nothing wants the lease any more must not keep it when it comes. */
async function leaseUntilAborted(
  coming: Promise<Lease>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<Lease> {
  try {
    return await untilAborted(coming, signal)
  } catch (error) {
    coming.then(
      (lease) => giveBack(lease, clock),
      () => {},
    )
    throw error
  }
}

/** A lease that has less left than this counts as lost, in milliseconds: what is sent now must still arrive under it. */
const shortestRemainder = 1_000

/** Whether a lease is, or may soon be, another holder's. */
export function isLost(lease: Lease): boolean {
  return lease.lost.aborted || (lease.remainingMilliseconds?.() ?? Infinity) < shortestRemainder
}

/** Gives a lease back, without waiting for ever. Never throws. */
export async function giveBack(lease: Lease, clock: Clock): Promise<void> {
  const timeout = timeoutSignal(clock, storeOperationMilliseconds)
  try {
    await untilAborted(Promise.resolve(lease[Symbol.asyncDispose]()), timeout.signal)
  } catch {
    // What cannot be given back is taken back by the system when this holder ends.
  } finally {
    timeout.stop()
  }
}
