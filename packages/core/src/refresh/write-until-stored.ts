import { wait } from '../clock/wait.ts'
import { backoffDelay } from '../policy/backoff.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { RefreshHolder } from './refresh-holder.ts'
import { longestStorePauseMilliseconds, storeKeepAliveMilliseconds } from './refresh-timing.ts'
import type { StoreAccess } from './store-access.ts'

/** How often in a row somebody else's write may come between before there is a pause. */
const mostRaces = 20

/** A write that matters, and what is to be done where it does not succeed at once. */
export interface PersistentWrite {
  /** What the record is to say, given what it says now. Every try carries the same revision, so as to be known again. */
  build(current: SessionRecord): SessionRecord
  /** What is there instead: our own write, something that we write over, or something that makes ours pointless. */
  judge(theirs: SessionRecord | undefined): 'stored' | 'writeAgain' | 'movedOn'
  /** The store is in trouble; said once. */
  onTrouble(next: SessionRecord): void
  /** For how long to go on trying, in milliseconds. */
  readonly patienceMilliseconds: number
}

/** What became of a write that matters. */
export type PersistentWriteResult =
  | { readonly kind: 'stored'; readonly record: SessionRecord }
  | { readonly kind: 'movedOn'; readonly record: SessionRecord | undefined }
  /** The holder goes away, its patience is over, or a newer version of the library has taken over the record. */
  | { readonly kind: 'unstored'; readonly record: SessionRecord }

/**
 * Writes what a token request came to, under the lease, until it is stored: an answer that the store does not know of
 * would be asked for again, and a refresh token must not be sent twice.
 */
export async function writeUntilStored(
  record: SessionRecord,
  write: PersistentWrite,
  context: { holder: RefreshHolder; store: StoreAccess },
): Promise<PersistentWriteResult> {
  const { holder, store } = context
  const { clock, abandonment } = holder
  const began = clock.now()
  let current = record
  let expectedRevision: string | undefined = record.revision
  let races = 0
  for (let failures = 0; ; ) {
    const next = write.build(current)
    const written = await store.compareAndSet(expectedRevision, next)
    if (written.ok && written.value) return { kind: 'stored', record: next }

    // A write that failed may have been made nevertheless, so that is asked as well.
    const read = await store.read()
    if (read.ok) {
      const judgement = write.judge(read.value)
      if (judgement !== 'writeAgain') return judge(judgement, read.value, next)
      const hasChanged = read.value?.revision !== expectedRevision
      current = read.value ?? current
      expectedRevision = read.value?.revision
      races += 1
      // Somebody's write came between. A store that refuses without a change is in trouble.
      if (written.ok && hasChanged && races < mostRaces) continue
    }
    if (failures === 0) write.onTrouble(next)
    failures += 1
    const isTakenOver = !read.ok && read.error.code === 'recordFromNewerVersion'
    if (isTakenOver || clock.now() - began >= write.patienceMilliseconds) return { kind: 'unstored', record: next }
    const pause = Math.min(backoffDelay(failures, holder.random()), longestStorePauseMilliseconds)
    const keepAlive = clock.now() - began < storeKeepAliveMilliseconds
    if ((await wait(clock, pause, { signal: abandonment, keepAlive })) === 'aborted') {
      return { kind: 'unstored', record: next }
    }
  }
}

function judge(
  judgement: 'stored' | 'movedOn',
  theirs: SessionRecord | undefined,
  next: SessionRecord,
): PersistentWriteResult {
  return judgement === 'stored' ? { kind: 'stored', record: theirs ?? next } : { kind: 'movedOn', record: theirs }
}
