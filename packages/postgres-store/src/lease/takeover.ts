import type { LeaseSighting } from './lease-rows.ts'
import { settleMilliseconds } from './remaining.ts'

/**
 * After the database was away, its holder is to have stored its answer before another takes its lease: longer than the
 * longest pause between two tries to store, in milliseconds.
 */
const inTouchMilliseconds = 15_000

/** A lease that was seen to be gone, and since when it was seen so without a change. */
export interface GoneSighting {
  readonly holder: string
  readonly until: string
  readonly since: number
  readonly last: number
}

type Lent = NonNullable<LeaseSighting['lent']>

/**
 * What a look adds to the looks before it: a lease counts as seen gone from the first of a row of looks that found the
 * same holder, the same time and no holder behind it.
 *
 * The time is compared, not believed: a clock of the database that jumps makes leases seem gone, but holders renew.
 * @param now by the monotonic clock, like the times in the result
 */
export function seeGone(
  before: GoneSighting | undefined,
  lent: Lent | undefined,
  now: number,
): GoneSighting | undefined {
  if (lent === undefined || !lent.isGone) return undefined
  const { holder, until } = lent
  const isSame = before?.holder === holder && before.until === until
  // After a long silence of our own, what was seen before it says nothing about the time between.
  const isContinuous = before !== undefined && now - before.last <= settleMilliseconds.withPresence
  return { holder, until, since: isSame && isContinuous ? before.since : now, last: now }
}

/** Whether a lease that is seen gone may be taken over now. */
export function mayTakeOver(
  gone: GoneSighting,
  facts: {
    now: number
    hasPresence: boolean
    serverAgeMilliseconds: number
    inTouch: number
    sinceTrouble: number
  },
): boolean {
  const settle = facts.hasPresence ? settleMilliseconds.withPresence : settleMilliseconds.rowAlone
  if (facts.now - gone.since < settle) return false
  // A row alone runs out while the database is away, too, so only time in touch with it counts. A holder with presence
  // takes its lock again within a second of the database's return: where no trouble was seen, it is gone.
  if (!facts.hasPresence) return facts.inTouch >= inTouchMilliseconds
  return facts.sinceTrouble >= inTouchMilliseconds && facts.serverAgeMilliseconds >= inTouchMilliseconds
}
