import { ConfigurationError, createFairQueue, type Lease, untilAborted } from '@authchart/core/store'
import type { Database } from '../database/database.ts'
import { monotonicNow, pause } from '../database/time.ts'
import type { Presence } from '../presence/presence.ts'
import { giveBackRow, type HeldLease, holdLease } from './held-lease.ts'
import { createLeaseRows } from './lease-rows.ts'
import { type TakenLease, takeLease } from './wait-for-lease.ts'

/** How long the first lease waits for the presence, in milliseconds; after that it does without. */
const presenceMilliseconds = 3_000
/** Held leases are renewed this often, in milliseconds; shorter ones more often. */
const longestRenewMilliseconds = 5_000

/** The leases of a store. */
export interface Leases {
  /** @throws the signal's reason; StoreError */
  lease(key: string, signal: AbortSignal): Promise<Lease>
  /**
   * What the store knows of a lease that it gave out.
   * @throws ConfigurationError when it did not, or for another key: it cannot say whether that is held
   */
  heldLease(lease: Lease, key: string): HeldLease
}

export function createLeases(options: {
  database: Database
  presence: Presence | undefined
  leaseMilliseconds: number
  onRevision: (key: string, revision: string | null) => void
}): Leases {
  const { database, presence, leaseMilliseconds, onRevision } = options
  const rows = createLeaseRows({ database, leaseMilliseconds })
  const takeTurn = createFairQueue()
  const held = new WeakMap<Lease, HeldLease>()
  const renewMilliseconds = Math.min(longestRenewMilliseconds, leaseMilliseconds / 6)

  /** Where this process has lost its own presence, others may have lost theirs, and come back. */
  function sinceTroubleMilliseconds(): number {
    const lostAt = presence?.lostAt ?? Number.NEGATIVE_INFINITY
    return Math.min(database.sinceTroubleMilliseconds(), monotonicNow() - lostAt)
  }

  let waited: Promise<void> | undefined
  async function awaitPresence(signal: AbortSignal): Promise<void> {
    if (presence === undefined || presence.isHeld) return
    waited ??= pause(presenceMilliseconds, new AbortController().signal)
    await untilAborted(Promise.race([presence.start(), waited]), signal)
  }

  async function take(key: string, signal: AbortSignal, endTurn: () => void): Promise<HeldLease> {
    const holder = crypto.randomUUID()
    const coming = takeLease({
      key,
      holder,
      rows,
      database: { ...database, sinceTroubleMilliseconds },
      process: () => (presence?.isHeld === true ? presence.number : undefined),
      onRevision: (revision) => onRevision(key, revision),
      signal,
    })
    let taken: TakenLease
    try {
      taken = await untilAborted(coming, signal)
    } catch (error) {
      // The next in line comes after what may still land.
      void coming
        .then(
          () => giveBackRow({ rows, key, holder }),
          () => {},
        )
        .then(endTurn)
      throw error
    }
    return holdLease({
      key,
      holder,
      rows,
      taken: taken.taken,
      leaseMilliseconds,
      renewMilliseconds,
      presence: taken.process === undefined ? undefined : presence,
      onGivenBack: endTurn,
    })
  }

  return {
    async lease(key, signal) {
      const endTurn = await takeTurn(key, signal)
      let isTaking = false
      try {
        await awaitPresence(signal)
        isTaking = true
        const lease = await take(key, signal, endTurn)
        held.set(lease.lease, lease)
        return lease.lease
      } catch (error) {
        if (!isTaking) endTurn()
        throw error
      }
    },

    heldLease(lease, key) {
      const known = held.get(lease)
      if (known?.key === key) return known
      throw new ConfigurationError(
        'under',
        'must be a lease of this store and key, as `lease` gave it: a copy does not tell whether it is held.',
      )
    },
  }
}
