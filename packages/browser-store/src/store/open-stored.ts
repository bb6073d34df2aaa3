import { parseSessionRecord, type SessionRecord, StoreError, type UnreadableSummary } from '@authchart/core/store'
import { digestEntry } from '../seal/describe-entry.ts'
import { openSecrets, type SealedSecrets } from '../seal/seal-secrets.ts'
import type { SealingKey } from '../seal/sealing-key.ts'

/** A record as it lies in the database. */
export interface StoredRecord {
  readonly record: Omit<SessionRecord, 'secrets'>
  readonly sealed?: SealedSecrets
}

/** Where an entry was found. */
export interface EntryPlace {
  readonly key: string
  readonly database: string
}

/**
 * The record that an entry holds.
 * @throws StoreError `recordUnreadable`, with the token that lets a sign-in replace exactly this entry
 */
export async function openStored(
  stored: Partial<StoredRecord> | null,
  sealingKey: SealingKey | undefined,
  place: EntryPlace,
): Promise<SessionRecord> {
  const { record, sealed } = stored ?? {}
  const parsed = parseSessionRecord(record)
  // A newer version may seal otherwise. What it is, its version says.
  if (parsed.kind === 'newerFormat') return record as SessionRecord
  const problem = parsed.kind === 'malformed' ? parsed.problem : findProblem({ record, sealed }, sealingKey)
  if (problem !== undefined || record === undefined) throw await unreadable(stored, place, problem)
  if (sealed === undefined || sealingKey === undefined) return record
  try {
    const secrets = await openSecrets(sealed, sealingKey, { key: place.key, generation: record.generation })
    const opened = parseSessionRecord({ ...record, secrets })
    if (opened.kind === 'record') return opened.record
  } catch {
    throw await unreadable(stored, place, 'it does not open with the key of this database')
  }
  throw await unreadable(stored, place, 'its secrets are incomplete')
}

function findProblem({ record, sealed }: Partial<StoredRecord>, sealingKey: SealingKey | undefined) {
  // What is not sealed was put there by another program.
  if (record !== undefined && 'secrets' in record) return 'it has secrets that are not sealed'
  if (sealed !== undefined && sealed.sealingKeyId !== sealingKey?.id) return 'it was sealed with a key that is gone'
  return undefined
}

async function unreadable(
  stored: Partial<StoredRecord> | null,
  { key, database }: EntryPlace,
  problem = 'it is not a session',
): Promise<StoreError> {
  return new StoreError(
    'recordUnreadable',
    `The session ${JSON.stringify(key)} in the database ${JSON.stringify(database)} cannot be read: ${problem}. It was left as it is; the next sign-in replaces it.`,
    { replaceToken: await digestEntry(stored), summary: summaryOf(stored?.record) },
  )
}

function summaryOf(record: StoredRecord['record'] | undefined): UnreadableSummary | undefined {
  const parsed = parseSessionRecord({ ...record, secrets: undefined })
  if (parsed.kind !== 'record') return undefined
  const { identity, highestReservedGeneration } = parsed.record
  return { identity, highestReservedGeneration }
}
