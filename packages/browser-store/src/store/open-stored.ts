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
  const clear = parseSessionRecord(stored?.record)
  // A newer version may seal otherwise. What it is, its version says.
  if (clear.kind === 'newerFormat') return stored?.record as SessionRecord
  if (clear.kind === 'malformed') throw await unreadable(stored, place, clear.problem)
  const { record } = clear
  // What is not sealed was put there by another program.
  if ('secrets' in record) throw await unreadable(stored, place, 'it has secrets that are not sealed')
  const sealed = stored?.sealed
  if (sealed === undefined) return record
  const secrets = await openSecrets(sealed, sealingKey, { key: place.key, generation: record.generation })
  const opened = parseSessionRecord({ ...record, secrets })
  if (secrets !== undefined && opened.kind === 'record') return opened.record
  const summary = { identity: record.identity, highestReservedGeneration: record.highestReservedGeneration }
  throw await unreadable(stored, place, 'it does not open with the key that the browser has', summary)
}

async function unreadable(
  stored: Partial<StoredRecord> | null,
  { key, database }: EntryPlace,
  problem: string,
  summary?: UnreadableSummary,
): Promise<StoreError> {
  return new StoreError(
    'recordUnreadable',
    `The session ${JSON.stringify(key)} in the database ${JSON.stringify(database)} cannot be read: ${problem}. It was left as it is; the next sign-in replaces it.`,
    { replaceToken: await digestEntry(stored), summary },
  )
}
