import {
  recordFormatVersion,
  type SessionRecord,
  type SessionSummary,
  StoreError,
  summarizeRecord,
} from '@authchart/core/store'
import { promisifyRequest } from 'idb-keyval'
import type { SessionDatabase } from '../database/session-database.ts'
import { openSecrets, type SealedSecrets, sealSecrets } from '../seal/seal-secrets.ts'
import { createSealingKey, type SealingKey } from '../seal/sealing-key.ts'

/** A record as it lies in the database. */
interface StoredRecord {
  readonly record: Omit<SessionRecord, 'secrets'>
  readonly sealed?: SealedSecrets
}

/** The records of a database. */
export interface StoredRecords {
  read(key: string): Promise<SessionRecord | undefined>
  compareAndSet(key: string, expectedRevision: string | undefined, next: SessionRecord): Promise<boolean>
  list(): Promise<SessionSummary[]>
  /** Writes what a session may take, and removes it again. */
  tryToWrite(): Promise<void>
}

const sealingKeyName = ['sealingKey']
const recordName = (key: string) => ['record', key]
const trialName = ['trial']
const trialBytes = 16 * 1024
const everyRecord = () => IDBKeyRange.bound(['record'], ['record', []])

/** How often the database may be deleted and made anew during one write. */
const writeAttempts = 3

export function createStoredRecords(database: SessionDatabase): StoredRecords {
  let known: SealingKey | undefined

  /** The key of the database, or a new one, which the first write puts there. */
  async function findSealingKey(): Promise<SealingKey> {
    const stored = await database.transact('readonly', (entries) => get<SealingKey>(entries, sealingKeyName))
    return stored ?? createSealingKey()
  }

  async function write(key: string, expectedRevision: string | undefined, next: SessionRecord) {
    const { secrets, ...record } = next
    const sealingKey = secrets === undefined ? undefined : (known ?? (await findSealingKey()))
    known = sealingKey ?? known
    // Web Crypto is no part of a transaction: whatever waits for it would find the transaction over.
    const sealed =
      sealingKey && secrets && (await sealSecrets(secrets, sealingKey, { key, generation: next.generation }))
    return database.transact('readwrite', async (entries) => {
      const current = await get<Partial<StoredRecord>>(entries, recordName(key))
      const revision = current?.record?.revision
      // A transaction that was torn and is tried again may have been complete.
      if (revision !== undefined && revision === next.revision) return true
      if (expectedRevision === undefined ? current !== undefined : revision !== expectedRevision) return false
      if (sealingKey !== undefined) {
        const stored = await get<SealingKey>(entries, sealingKeyName)
        if (stored !== undefined && stored.id !== sealingKey.id) return stored
        if (stored === undefined) entries.put(sealingKey, sealingKeyName)
      }
      const entry: StoredRecord = { record, ...(sealed === undefined ? {} : { sealed }) }
      entries.put(entry, recordName(key))
      return true
    })
  }

  return {
    async read(key) {
      const [stored, sealingKey] = await database.transact('readonly', (entries) =>
        Promise.all([get<Partial<StoredRecord>>(entries, recordName(key)), get<SealingKey>(entries, sealingKeyName)]),
      )
      known = sealingKey ?? known
      return stored === undefined ? undefined : openStored(key, stored, sealingKey)
    },

    async compareAndSet(key, expectedRevision, next) {
      for (let attempt = 0; attempt < writeAttempts; attempt += 1) {
        const written = await write(key, expectedRevision, next)
        if (typeof written === 'boolean') return written
        // Somebody has made the database anew meanwhile: what was sealed with our key, nobody could open there.
        known = written
      }
      throw new StoreError('storeUnavailable', 'The database is being deleted again and again; try again later.')
    },

    async tryToWrite() {
      // Not in one transaction: a browser counts what is there when it ends.
      await database.transact('readwrite', async (entries) => void entries.put(new Uint8Array(trialBytes), trialName))
      await database.transact('readwrite', async (entries) => void entries.delete(trialName))
    },

    async list() {
      const [keys, records] = await database.transact('readonly', (entries) =>
        Promise.all([
          promisifyRequest(entries.getAllKeys(everyRecord())),
          promisifyRequest<Partial<StoredRecord>[]>(entries.getAll(everyRecord())),
        ]),
      )
      return records.flatMap(({ record }, index) => {
        const key = (keys[index] as string[])[1]
        return record?.status === undefined || key === undefined ? [] : [summarizeRecord(key, record)]
      })
    },
  }
}

async function openStored(
  key: string,
  { record, sealed }: Partial<StoredRecord>,
  sealingKey: SealingKey | undefined,
): Promise<SessionRecord> {
  if (typeof record !== 'object') throw unreadable(key, 'is no session')
  // A newer version may seal otherwise; that the record is none of ours, its version says.
  if (record.formatVersion > recordFormatVersion) return record
  // What is not sealed is not ours: somebody else has put it there.
  if ('secrets' in record) throw unreadable(key, 'has secrets that are not sealed')
  if (sealed === undefined) return record
  if (sealed.sealingKeyId !== sealingKey?.id) throw unreadable(key, 'was sealed with a key that is gone')
  try {
    return { ...record, secrets: await openSecrets(sealed, sealingKey, { key, generation: record.generation }) }
  } catch {
    throw unreadable(key, 'does not open with the key of this database')
  }
}

function unreadable(key: string, problem: string): StoreError {
  const name = JSON.stringify(key)
  return new StoreError(
    'recordUnreadable',
    `What the database holds as the session ${name} ${problem}. It was left as it is; clear the site's data to sign in anew.`,
  )
}

function get<Value>(entries: IDBObjectStore, name: IDBValidKey): Promise<Value | undefined> {
  return promisifyRequest<Value | undefined>(entries.get(name))
}
