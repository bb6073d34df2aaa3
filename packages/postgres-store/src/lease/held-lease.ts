import type { Lease } from '@authchart/core/store'
import { later } from '../database/time.ts'
import type { Presence } from '../presence/presence.ts'
import type { LeaseRows } from './lease-rows.ts'
import { type Moment, momentNow, remainingMilliseconds } from './remaining.ts'

/** A lease as the store knows it. */
export interface HeldLease {
  readonly lease: Lease
  readonly key: string
  readonly holder: string
  readonly leaseMilliseconds: number
  /** That a statement which was sent at that moment has found it held. */
  confirm(sent: Moment): void
  /** Another holder has it. */
  lose(): void
}

/** How often a give-back is tried; after that, it takes until the lease runs out. */
const giveBackAttempts = 3

/** Keeps a lease that was taken: renews it for as long as it is held, and gives it back once. */
export function holdLease(options: {
  key: string
  holder: string
  rows: LeaseRows
  /** When the statement was sent that took it. */
  taken: Moment
  leaseMilliseconds: number
  renewMilliseconds: number
  /** Where the lease names it. */
  presence: Presence | undefined
  onGivenBack: () => void
}): HeldLease {
  const { key, holder, rows, leaseMilliseconds, renewMilliseconds, presence, onGivenBack } = options
  const lost = new AbortController()
  let confirmed = options.taken
  let givenBack: Promise<void> | undefined
  let callOff = () => {}

  function isOver(): boolean {
    return givenBack !== undefined || lost.signal.aborted
  }

  async function renew(): Promise<void> {
    callOff()
    if (isOver()) return
    const sent = momentNow()
    // A renewal that fails is one that is missed; the lease runs down.
    const outcome = await rows.renew(key, holder).catch(() => 'missed')
    if (outcome === 'ours') held.confirm(sent)
    if (outcome === 'theirs') held.lose()
    callOff()
    if (!isOver()) callOff = later(renewMilliseconds, () => void renew())
  }

  const stopHearing = presence?.onRegained(() => void renew())
  callOff = later(renewMilliseconds, () => void renew())

  async function giveBack(): Promise<void> {
    callOff()
    stopHearing?.()
    try {
      if (!lost.signal.aborted) await giveBackRow({ rows, key, holder })
    } finally {
      onGivenBack()
    }
  }

  const held: HeldLease = {
    key,
    holder,
    leaseMilliseconds,
    confirm(sent) {
      if (sent.monotonic > confirmed.monotonic) confirmed = sent
    },
    lose() {
      // A lease that was given back is not lost, even if another holder has it now.
      if (givenBack === undefined) lost.abort()
    },
    lease: {
      lost: lost.signal,
      remainingMilliseconds: () =>
        isOver() ? 0 : remainingMilliseconds({ leaseMilliseconds, confirmed, now: momentNow(), presence }),
      [Symbol.asyncDispose]() {
        givenBack ??= giveBack()
        return givenBack
      },
    },
  }
  return held
}

/** Gives a row back that this holder has, or may have. Never throws: what cannot be given back runs out. */
export async function giveBackRow({ rows, key, holder }: { rows: LeaseRows; key: string; holder: string }) {
  for (let attempt = 0; attempt < giveBackAttempts; attempt += 1) {
    try {
      return await rows.giveBack(key, holder)
    } catch {
      await new Promise<void>((resolve) => later(100 * 4 ** attempt, resolve))
    }
  }
}
