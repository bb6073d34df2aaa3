import { monotonicNow } from '../database/time.ts'
import { unansweredMilliseconds } from '../presence/presence.ts'

/** For how long a lease stays after its process was seen to be gone, in milliseconds. */
export const settleMilliseconds = { withPresence: 3_000, rowAlone: 6_000 }

/** A moment on two clocks: one may stand still while the machine sleeps, the other may be set. */
export interface Moment {
  readonly monotonic: number
  readonly wall: number
}

export function momentNow(): Moment {
  return { monotonic: monotonicNow(), wall: Date.now() }
}

/** How long a lease lasts at least, in milliseconds, by whichever clock says less. */
export function remainingMilliseconds(lease: {
  leaseMilliseconds: number
  /** Before the statement was sent that confirmed it last. */
  confirmed: Moment
  now: Moment
  /** The presence of its process; `undefined` for a row alone. */
  presence: { readonly isHeld: boolean; readonly lostAt: number } | undefined
}): number {
  const { leaseMilliseconds, confirmed, now, presence } = lease
  const elapsed = Math.max(0, now.monotonic - confirmed.monotonic, now.wall - confirmed.wall)
  if (presence === undefined) return Math.max(0, leaseMilliseconds - elapsed)
  // If the machine stood still since then, the lock may be free though nothing here has noticed.
  const untilTakenForDead = unansweredMilliseconds + settleMilliseconds.withPresence
  const byTime = Math.max(0, Math.min(leaseMilliseconds, untilTakenForDead) - elapsed)
  if (presence.isHeld && presence.lostAt < confirmed.monotonic) return byTime
  // While its lock is free, others wait no longer than this.
  const free = now.monotonic - Math.max(presence.lostAt, confirmed.monotonic)
  return Math.max(0, Math.min(byTime, settleMilliseconds.withPresence - free))
}
