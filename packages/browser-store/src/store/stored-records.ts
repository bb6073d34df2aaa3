import {
  type ExpectedRecord,
  type SessionRecord,
  type SessionSummary,
  StoreError,
  summarizeRecord,
} from '@authchart/core/store'
import { promisifyRequest } from 'idb-keyval'
import type { SessionDatabase } from '../database/session-database.ts'
import { describeEntry, digestEntry } from '../seal/describe-entry.ts'
import { givesBack, type KeptKey, keysNotKept, sealingKeyName } from '../seal/kept-key.ts'
import { cryptoKeysIn, sealSecrets } from '../seal/seal-secrets.ts'
import { isStoredKey, storedForm } from '../seal/sealing-key.ts'
import { openStored, type StoredRecord } from './open-stored.ts'

/** The records of a database. */
export interface StoredRecords {
  read(key: string): Promise<SessionRecord | undefined>
  compareAndSet(key: string, expected: ExpectedRecord, next: SessionRecord): Promise<boolean>
  list(): Promise<SessionSummary[]>
  /** Makes sure that there is a key to seal with, which the browser keeps. */
  proveKey(): Promise<void>
  /** Writes what a session may take, and removes it again. */
  tryToWrite(): Promise<void>
}

type Comparison = (current: Partial<StoredRecord> | undefined) => boolean

const recordName = (key: string) => ['record', key]
const trialName = ['trial']
const trialBytes = 16 * 1024
const everyRecord = () => IDBKeyRange.bound(['record'], ['record', []])

/** How often the database may be deleted and made anew during one write. */
const writeAttempts = 3

export function createStoredRecords(database: SessionDatabase, keptKey: KeptKey): StoredRecords {
  let areKeysKept = false

  /** A record is not written whose keys the browser would lose: nothing could be proven with it any more. */
  async function refuseLostKeys({ secrets }: SessionRecord): Promise<void> {
    const proofKey = secrets?.proofKey
    if (areKeysKept || cryptoKeysIn(proofKey).length === 0) return
    if (!(await givesBack(database, proofKey))) throw keysNotKept(database)
    areKeysKept = true
  }

  async function proveKey(): Promise<void> {
    keptKey.forget()
    await keptKey.get()
  }

  /** Whether it was written; `undefined` where the database has another key by now. */
  async function write(key: string, isExpected: Comparison, next: SessionRecord): Promise<boolean | undefined> {
    const { secrets, ...record } = next
    const sealingKey = secrets && (await keptKey.get())
    // Web Crypto is not part of a transaction, which would be over when it answers.
    const sealed =
      secrets && sealingKey && (await sealSecrets(secrets, sealingKey, { key, generation: next.generation }))
    return database.transact('readwrite', async (entries) => {
      const current = await get<Partial<StoredRecord>>(entries, recordName(key))
      // A transaction that was torn and is tried again may have been complete.
      if (current?.record?.revision === next.revision) return true
      if (!isExpected(current)) return false
      if (sealingKey !== undefined) {
        const stored = await get<unknown>(entries, sealingKeyName)
        if (!isStoredKey(stored)) entries.put(storedForm(sealingKey), sealingKeyName)
        else if (stored.id !== sealingKey.id) return undefined
      }
      const entry: StoredRecord = sealed === undefined ? { record } : { record, sealed }
      entries.put(entry, recordName(key))
      return true
    })
  }

  function find(key: string): Promise<[Partial<StoredRecord> | undefined, unknown]> {
    return database.transact('readonly', (entries) =>
      Promise.all([get<Partial<StoredRecord>>(entries, recordName(key)), get<unknown>(entries, sealingKeyName)]),
    )
  }

  /** What a write may replace. Digests are made outside of transactions; inside, what was digested is compared. */
  async function comparison(key: string, expected: ExpectedRecord): Promise<Comparison> {
    if (expected === undefined) return (current) => current === undefined
    if (typeof expected === 'string') return (current) => current?.record?.revision === expected
    const [stored] = await find(key)
    const isNamed = stored !== undefined && (await digestEntry(stored)) === expected.unreadable
    const named = describeEntry(stored)
    return (current) => isNamed && describeEntry(current) === named
  }

  return {
    async read(key) {
      const [stored, storedKey] = await find(key)
      const sealingKey = await keptKey.open(storedKey)
      return stored === undefined ? undefined : openStored(stored, sealingKey, { key, database: database.name })
    },

    async compareAndSet(key, expected, next) {
      await refuseLostKeys(next)
      const isExpected = await comparison(key, expected)
      for (let attempt = 0; attempt < writeAttempts; attempt += 1) {
        const isWritten = await write(key, isExpected, next)
        if (isWritten !== undefined) return isWritten
        // What was sealed with our key, no tab could open there.
        keptKey.forget()
      }
      throw new StoreError(
        'storeUnavailable',
        `The database ${JSON.stringify(database.name)} is being deleted again and again; try again later.`,
      )
    },

    proveKey,

    async tryToWrite() {
      await proveKey()
      // Not in one transaction: a browser counts what is there when it ends.
      await database.transact('readwrite', async (entries) => void entries.put(new Uint8Array(trialBytes), trialName))
      await database.transact('readwrite', async (entries) => void entries.delete(trialName))
    },

    async list() {
      const [keys, records] = await database.transact('readonly', (entries) =>
        Promise.all([
          promisifyRequest(entries.getAllKeys(everyRecord())),
          promisifyRequest<(Partial<StoredRecord> | null)[]>(entries.getAll(everyRecord())),
        ]),
      )
      return records.flatMap((stored, index) => {
        const key = (keys[index] as string[])[1]
        const { record } = stored ?? {}
        return record?.status === undefined || key === undefined ? [] : [summarizeRecord(key, record)]
      })
    },
  }
}

function get<Value>(entries: IDBObjectStore, name: IDBValidKey): Promise<Value | undefined> {
  return promisifyRequest<Value | undefined>(entries.get(name))
}
