import type { RereadDecision } from '../policy/choose-record.ts'
import { withoutRuns } from '../policy/rejections.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { Refresh, RefreshOutcome } from './holder.ts'
import { writeRecord } from './store-access.ts'
import { storeEnd } from './write-outcome.ts'

/** What comes of a record that is not to be refreshed. */
export async function settle(
  decision: Exclude<RereadDecision, { kind: 'request' }>,
  record: SessionRecord,
  refresh: Refresh,
): Promise<RefreshOutcome> {
  switch (decision.kind) {
    case 'follow':
      return { kind: 'followed', record }
    case 'adopt':
      return { kind: 'adopted', record }
    case 'end': {
      const keepIntent = decision.reason === 'clientRejected'
      const from = { record, expectedRevision: record.revision }
      return storeEnd(from, { reason: decision.reason, erase: 'nothing', keepIntent }, refresh)
    }
    case 'pause':
      return pause(record, decision.rejections, refresh)
    case 'wait':
      return { ...decision, kind: 'failed', code: record.failure?.code ?? 'server' }
  }
}

/** Writes that an origin pauses. Should that fail, its next rejection comes here again. */
async function pause(
  record: SessionRecord,
  rejections: SessionRecord['rejections'],
  { holder }: Refresh,
): Promise<RefreshOutcome> {
  if (rejections === undefined) return { kind: 'paused', rejections: record.rejections }
  await writeRecord(holder, record.revision, {
    ...record,
    revision: holder.createId(),
    rejections: withoutRuns(rejections, holder.endedRuns),
  })
  return { kind: 'paused', rejections }
}
