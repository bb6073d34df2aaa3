import type { RereadDecision } from '../policy/choose-record.ts'
import { withoutRuns } from '../policy/rejections.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { Refresh, RefreshHolder, RefreshOutcome } from './holder.ts'
import { readRecord, writeRecord } from './store-access.ts'
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
    case 'wait': {
      const { failure, refusals: { count } = { count: 0 } } = record
      return { ...decision, kind: 'failed', code: failure?.code ?? 'server', mayBeOver: count > 1 }
    }
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

/**
 * Takes runs of rejections that have ended out of the record. The next refresh would do so too, but a short program ends
 * before that: to its successor the next rejection would be part of the run, and the origin would pause.
 */
export async function forgetEndedRuns(holder: RefreshHolder): Promise<void> {
  // Only a refresh or a sign-in comes in between, and those are rare.
  for (let tries = 0; tries < 2; tries += 1) {
    const { value: record } = (await readRecord(holder)) as { value?: SessionRecord }
    const rejections = withoutRuns(record?.rejections, holder.endedRuns)
    if (record?.status !== 'signedIn' || countOf(rejections) === countOf(record.rejections)) return
    const next = { ...record, revision: holder.createId(), rejections }
    const written = await writeRecord(holder, record.revision, next)
    if (!written.ok || written.value) return
  }
}

function countOf(rejections: SessionRecord['rejections'] = {}): number {
  return Object.keys(rejections).length
}
