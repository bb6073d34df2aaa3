import type { Clock } from '@authchart/core'
import type { Lease } from '@authchart/core/store'
import { remainingMilliseconds } from '../../../packages/postgres-store/src/lease/remaining.ts'
import { type GoneSighting, mayTakeOver, seeGone } from '../../../packages/postgres-store/src/lease/takeover.ts'
import type { Life } from './life.ts'

const leaseMilliseconds = 30_000
const renewMilliseconds = 5_000
const lookMilliseconds = 2_000

/**
 * Leases as a database keeps them, for processes without presence: each runs out unless it is renewed, and is taken over
 * by the rules of `@authchart/postgres-store`. What travels to the database and back takes no time here; what its
 * holders do about it does.
 */
export interface LeaseTable {
  lend(life: Life, options: { clock: Clock; signal: AbortSignal }): Promise<Lease>
  /** Whether a write under that lease may be made. One that is made renews it. */
  isHeld(lease: Lease): boolean
  /** The clock of the database is set ahead. */
  jump(milliseconds: number): void
  readonly hasJumped: boolean
}

/** @param options `onTaken`: hears of each holder, and of whom it has taken the lease over from */
export function createLeaseTable(options: {
  now: () => number
  onTaken: (life: Life, from: Life | undefined) => void
}): LeaseTable {
  const { now, onTaken } = options
  /** What the database knows, and what its holder does. */
  let row: { readonly life: Life; readonly id: string; readonly lost: AbortController; until: number } | undefined
  const confirmed = new WeakMap<AbortSignal, number>()
  let ahead = 0
  let count = 0

  function renew(lost: AbortController): boolean {
    if (row?.lost !== lost) return false
    row.until = now() + ahead + leaseMilliseconds
    confirmed.set(lost.signal, now())
    return true
  }

  function take(life: Life, clock: Clock): Lease {
    const from = row?.life
    const lost = new AbortController()
    count += 1
    row = { life, id: String(count), lost, until: 0 }
    renew(lost)
    onTaken(life, from)
    let timer: unknown
    const keep = () => {
      if (renew(lost)) timer = clock.setTimeout(keep, renewMilliseconds)
      else lost.abort()
    }
    timer = clock.setTimeout(keep, renewMilliseconds)
    return {
      lost: lost.signal,
      remainingMilliseconds: () =>
        remainingMilliseconds({
          leaseMilliseconds,
          confirmed: momentOf(confirmed.get(lost.signal) ?? 0),
          now: momentOf(now()),
          presence: undefined,
        }),
      async [Symbol.asyncDispose]() {
        clock.clearTimeout(timer)
        // What a process held that has died stays until its time is up.
        if (row?.lost === lost && life.isAlive()) row = undefined
      },
    }
  }

  return {
    async lend(life, { clock, signal }) {
      for (let gone: GoneSighting | undefined; ; ) {
        signal.throwIfAborted()
        const lent = row && {
          holder: row.id,
          until: String(row.until),
          hasPresence: false,
          isGone: now() + ahead > row.until,
        }
        gone = seeGone(gone, lent, now())
        if (row === undefined || (gone !== undefined && mayTakeOver(gone, { ...inOrder, now: now() }))) {
          return take(life, clock)
        }
        await new Promise<void>((resolve) => {
          clock.setTimeout(resolve, lookMilliseconds)
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
      }
    },
    isHeld: ({ lost }) => row?.lost.signal === lost && renew(row.lost),
    jump(milliseconds) {
      ahead += milliseconds
    },
    get hasJumped() {
      return ahead > 0
    },
  }
}

/** The database has been there for long. */
const inOrder = { hasPresence: false, serverAgeMilliseconds: Infinity, inTouch: Infinity, sinceTrouble: Infinity }

function momentOf(milliseconds: number) {
  return { monotonic: milliseconds, wall: milliseconds }
}
