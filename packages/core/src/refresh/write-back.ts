import { boundRetryAt } from '../policy/backoff.ts'
import { isOutdated } from '../policy/choose-record.ts'
import { recordWrittenBack } from '../policy/next-record.ts'
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
  if (record === undefined || known === undefined || !isOutdated(record, known)) return undefined
  const now = clock.now()
  const settledAt = boundRetryAt(now + Math.max(settleMilliseconds, store.suggestedLookMilliseconds ?? 0), now)
  const facts = { revision: holder.createId(), holder: holder.holderId, now, settledAt }
  await writeRecord(holder, record.revision, recordWrittenBack(known, record, facts))
  return settledAt
}
