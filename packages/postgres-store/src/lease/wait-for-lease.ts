import { isStoreError, type StoreError } from '@authchart/core/store'
import type { Database } from '../database/database.ts'
import { jittered, monotonicNow, pause } from '../database/time.ts'
import { giveBackRow } from './held-lease.ts'
import type { LeaseRows, LeaseSighting } from './lease-rows.ts'
import { type Moment, momentNow } from './remaining.ts'
import { type GoneSighting, mayTakeOver, seeGone } from './takeover.ts'

/** Between two looks, in milliseconds: from the first to those after a while. */
const firstPause = 50
const longestPause = 1_000
/** How long the wait goes on though the database does not answer, in milliseconds. */
const silenceMilliseconds = 30_000

/** What waiting for a lease needs. */
export interface LeaseWait {
  readonly key: string
  readonly holder: string
  readonly rows: LeaseRows
  readonly database: Database
  /** The number of this process while its lock is held. */
  process(): number | undefined
  /** Hears of the record's revision with each look: who waits for the lease learns of the result here. */
  onRevision(revision: string | null): void
  readonly signal: AbortSignal
}

/** A lease that was taken. */
export interface TakenLease {
  /** When the statement was sent. */
  readonly taken: Moment
  readonly process: number | undefined
}

/**
 * Takes the lease when it is free, or when its holder was seen to be gone for long enough. A look that fails is a
 * look that is missed; the wait goes on. Where it throws, what may have been taken is given back.
 *
 * @throws the signal's reason; StoreError when the database cannot be used, or has been silent for half a minute
 */
export async function takeLease(wait: LeaseWait): Promise<TakenLease> {
  const { key, holder, rows } = wait
  const takes = { mayHaveLanded: false }
  try {
    return await takeWhenFree(wait, takes)
  } catch (error) {
    if (takes.mayHaveLanded) await giveBackRow({ rows, key, holder })
    throw error
  }
}

async function takeWhenFree(wait: LeaseWait, takes: { mayHaveLanded: boolean }): Promise<TakenLease> {
  const { key, holder, rows, signal } = wait
  let gone: GoneSighting | undefined
  let inPlaceOf: GoneSighting | undefined
  let answeredLast = monotonicNow()
  let isFree = true
  for (let looks = 0; ; looks += 1) {
    signal.throwIfAborted()
    try {
      if (isFree || inPlaceOf !== undefined) {
        const taken = momentNow()
        const process = wait.process()
        takes.mayHaveLanded = true
        if (await rows.take(key, { holder, process, inPlaceOf })) return { taken, process }
        takes.mayHaveLanded = false
        // Another was quicker: there is nothing to see yet. Looked at below, after a pause.
        answeredLast = monotonicNow()
        isFree = false
        inPlaceOf = undefined
      } else {
        const sighting = await rows.look(key)
        answeredLast = monotonicNow()
        if (sighting.revision !== undefined) wait.onRevision(sighting.revision)
        gone = seeGone(gone, sighting.lent, answeredLast)
        inPlaceOf = gone !== undefined && isSettled(gone, sighting, wait) ? gone : undefined
        // Ours: a take whose answer was lost. Taking it once more says so.
        isFree = sighting.lent === undefined || sighting.lent.holder === holder
        if (isFree || inPlaceOf !== undefined) continue
      }
    } catch (error) {
      if (!isPassing(error) || monotonicNow() - answeredLast > silenceMilliseconds) throw error
      isFree = true
    }
    const longest = gone === undefined ? longestPause : longestPause / 4
    await pause(jittered(Math.min(firstPause * 1.6 ** looks, longest), 0.25), signal)
  }
}

function isSettled(
  gone: GoneSighting,
  { lent, serverAgeMilliseconds }: LeaseSighting,
  { database }: LeaseWait,
): boolean {
  return mayTakeOver(gone, {
    now: monotonicNow(),
    hasPresence: lent?.hasPresence === true,
    serverAgeMilliseconds,
    inTouch: database.inTouchMilliseconds(),
    sinceTrouble: database.sinceTroubleMilliseconds(),
  })
}

function isPassing(error: unknown): boolean {
  return isStoreError(error) && (error as StoreError).retryable
}
