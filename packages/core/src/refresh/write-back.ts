import { boundRetryAt } from '../policy/backoff.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { RefreshHolder } from './holder.ts'
import { writeRecord } from './store-access.ts'

/** After a store went back in time nothing is sent for so long at least, in milliseconds. */
const settleMilliseconds = 5_000

/**
 * Writes what this holder knows over an older record of the same sign-in: the store went back in time, by a restored
 * backup or a failover, and the refresh token that it holds was spent since. Returns until when nothing is sent then, in
 * milliseconds since the epoch, or nothing where the record was not older: another holder may know more, and has to look.
 *
 * The next request counts as one whose outcome is unknown: what this holder knows may be old as well.
 */
export async function writeBack(holder: RefreshHolder, record: SessionRecord | undefined): Promise<number | undefined> {
  const { knownRecord: known, clock, store } = holder
  if (record === undefined || known === undefined || !isOlder(record, known)) return undefined
  const now = clock.now()
  const settledAt = boundRetryAt(now + Math.max(settleMilliseconds, store.suggestedLookMilliseconds ?? 0), now)
  const { generation, status } = known
  const highestReservedGeneration = Math.max(known.highestReservedGeneration, record.highestReservedGeneration)
  const unknownOutcome = {
    generation,
    reservedGeneration: highestReservedGeneration,
    startedAt: now,
    holder: holder.holderId,
    outcomeUnknown: true,
  }
  await writeRecord(holder, record.revision, {
    ...known,
    revision: holder.createId(),
    highestReservedGeneration,
    refreshIntent: status === 'signedIn' ? unknownOutcome : undefined,
    serverCooldownUntil: settledAt,
  })
  return settledAt
}

function isOlder(record: SessionRecord, known: SessionRecord): boolean {
  if (record.signInId !== known.signInId || record.generation >= known.generation) return false
  return record.end?.reason !== 'identityMismatch'
}
