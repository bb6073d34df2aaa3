import { isOutdated } from '../../packages/core/src/policy/choose-record.ts'
import { recordWrittenBack } from '../../packages/core/src/policy/next-record.ts'
import type { SessionRecord } from '../../packages/core/src/store/session-record.ts'
import { newRevision } from './run.ts'
import { type Guard, type Holder, type State, settling, timeOf } from './state.ts'

/** What a holder writes over a record that is older than what it knows. */
export function writeBackOf(
  state: State,
  { holder, index, without }: { holder: Holder; index: number; without: Guard | undefined },
): { state: State; next: SessionRecord } | undefined {
  const { known } = holder.vault
  const { record } = state
  if (known === undefined || record === undefined || !isOutdated(record, known) || without === 'writeBack')
    return undefined
  const [numbered, revision] = newRevision(state)
  const writing = { revision, holder: String(index), now: timeOf(state), settledAt: settling }
  const next = recordWrittenBack(known, record, writing)
  const refreshIntent = without === 'unknownAfterWriteBack' ? undefined : next.refreshIntent
  return { state: numbered, next: { ...next, refreshIntent } }
}

/** Whether somebody knows more of the sign-in that the record is of: until it has written that, time stands still. */
export function isKnownBetter({ holders, record }: State, except = -1): boolean {
  return holders.some(
    ({ vault }, index) => index !== except && record && vault.known && isOutdated(record, vault.known),
  )
}
