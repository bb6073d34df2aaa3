import type { SessionRecord } from '@authchart/core/store'
import type { ObservedSet } from './observer.ts'

/** What must hold about leases, pauses, backoffs and write-backs, to somebody who sees everything. */
export interface FieldRules {
  /** A holder has the lease, and nobody else. */
  leased(holder: string): void
  /** A resource server told a holder that it rejects a token. */
  rejected(holder: string, set: ObservedSet): void
  /** Somebody has asked for new tokens now: a backoff of our own does not hold that up. */
  overruled(): void
  /** The store has gone back in time. */
  restored(): void
  sent(holder: string, set: ObservedSet, record: SessionRecord | undefined): void
  landed(next: SessionRecord, write: { before: SessionRecord | undefined; writer: string }): void
}

/** The origin that rejects every token that it is shown. */
export const rejectingOrigin = 'https://api.acme.example'

/** Of an older token, nobody can tell whether it has expired; see `policy/rejections.ts`. */
const youngMilliseconds = 6 * 60 * 1000
/** What a write-back has to settle for at least. */
const settleMilliseconds = 5_000

export function createFieldRules(options: {
  now: () => number
  isAlive: (holder: string) => boolean
  knownBy: (holder: string) => SessionRecord | undefined
  setOf: (accessToken: string | undefined) => ObservedSet | undefined
  fail: (violation: string) => never
}): FieldRules {
  const { now, isAlive, knownBy, setOf, fail } = options
  /** The revision of the last intent of each holder. */
  const intents = new Map<string, string>()
  /** The sets that each holder saw rejected. */
  const seen = new Map<string, Set<ObservedSet>>()
  let lessee: string | undefined
  let isOverruled = false
  let isRestored = false
  let writtenBack: { readonly set: ObservedSet; readonly until: number; isSent: boolean } | undefined

  /** Only a rejection speaks for a refresh, and of a token that can hardly have expired. */
  function isForRejection(set: ObservedSet): boolean {
    return set.wanted === 'rejected' && now() - set.issuedAt <= youngMilliseconds
  }

  function checkWriteBack(set: ObservedSet, record: SessionRecord) {
    if (writtenBack?.set !== set) return
    if (now() < writtenBack.until) fail('a token request is sent before a write-back has settled')
    if (!writtenBack.isSent && record.refreshIntent?.outcomeUnknown !== true) {
      fail('a request after a write-back counts as one for the first time')
    }
    writtenBack.isSent = true
  }

  function checkRejection(holder: string, set: ObservedSet, record: SessionRecord) {
    if (!isForRejection(set)) return
    const isSeenAgain = [...(seen.get(holder) ?? [])].some(
      ({ family, number }) => family === set.family && number < set.number,
    )
    if (isSeenAgain) fail('a token is refreshed for an origin that rejects each')
    if (record.rejections?.[rejectingOrigin]?.generation !== record.generation) {
      fail('a refresh for a rejection is not in the record')
    }
  }

  /** What the writer has known for a while goes over what is older. */
  function noteWriteBack(
    next: SessionRecord,
    { before, writer }: { before: SessionRecord | undefined; writer: string },
  ) {
    const set = setOf(next.secrets?.tokenSet.accessToken)
    const isRisen = before?.signInId === next.signInId && next.generation > before.generation
    const isKnown = (knownBy(writer)?.generation ?? 0) >= next.generation
    // Tokens that have just been issued, and were not stored at once, have nothing of either.
    const isHeldBack = next.serverCooldownUntil !== undefined || next.refreshIntent !== undefined
    if (isRestored && isRisen && isKnown && isHeldBack && set !== undefined) {
      // The write itself may have taken its time.
      const until = next.serverCooldownUntil ?? now() + settleMilliseconds
      writtenBack = { set, until, isSent: false }
    }
  }

  return {
    leased(holder) {
      lessee = holder
    },
    rejected(holder, set) {
      seen.set(holder, (seen.get(holder) ?? new Set()).add(set))
    },
    overruled() {
      isOverruled = true
    },
    restored() {
      isRestored = true
    },
    sent(holder, set, record) {
      if (lessee !== holder) fail('a token request is sent without the lease')
      const known = knownBy(holder)
      const isBehind =
        known?.status === 'signedIn' && known.signInId === record?.signInId && known.generation > (set.generation ?? 0)
      if (set.undone && isBehind) fail('a refresh token is sent though its holder knows newer tokens')
      // The record may have moved on since its intent was written, by somebody who needs no lease for that.
      if (record === undefined || intents.get(holder) !== record.revision) return
      const { backoffUntil = 0, serverCooldownUntil = 0 } = record
      checkWriteBack(set, record)
      if (serverCooldownUntil > now()) fail('a token request is sent during a cooldown')
      if (backoffUntil > now() && !isOverruled) fail('a token request is sent while the record backs off')
      checkRejection(holder, set, record)
    },
    landed(next, write) {
      const { before, writer } = write
      noteWriteBack(next, write)
      if (before === undefined || before.signInId !== next.signInId || next.status !== 'signedIn') return
      // Each intent reserves a number of its own.
      const isIntent = next.highestReservedGeneration > before.highestReservedGeneration
      const set = setOf(next.secrets?.tokenSet.accessToken)
      if (next.generation !== before.generation || set === undefined) return
      if (isIntent) intents.set(writer, next.revision)
      // What a process had sent before it died may land later, and harms nobody: it sends nothing.
      if (!isAlive(writer)) return
      if (isIntent && lessee !== writer) fail('an intent is written without the lease')
      const hasMoved = JSON.stringify(next.rejections) !== JSON.stringify(before.rejections)
      if (hasMoved && lessee !== writer) fail('a pause is written without the lease')
      const run = before.rejections?.[rejectingOrigin]
      const isFruitless = run !== undefined && run.generation < next.generation
      if (isIntent && isFruitless && isForRejection(set)) fail('a token is refreshed for an origin that rejects each')
    },
  }
}
