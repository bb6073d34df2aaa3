import { StoreError } from '@authchart/core/store'
import { promisifyRequest } from 'idb-keyval'
import type { SessionDatabase } from '../database/session-database.ts'
import { cryptoKeysIn } from './seal-secrets.ts'
import { createRawKey, createSealingKey, openStoredKey, type SealingKey, storedForm } from './sealing-key.ts'

/** The sealing key of a database. */
export interface KeptKey {
  /**
   * The key that is in the database, or a new one, which the first write puts there.
   * @throws StoreError `storeMissing` where the browser would not keep a new one
   */
  get(): Promise<SealingKey>
  /** What was read from the database, for use; remembers it. `undefined` where it is not a key. */
  open(stored: unknown): Promise<SealingKey | undefined>
  /** Looks again when the key is next asked for: the database may have been made anew. */
  forget(): void
}

/** Under which name the key lies in the database. */
export const sealingKeyName: IDBValidKey = ['sealingKey']

/**
 * @param options `isRawAllowed`: whether the bytes of a key may be kept, where the browser does not keep a `CryptoKey`;
 *   `onRaw` is told then
 */
export function createKeptKey(
  database: SessionDatabase,
  { isRawAllowed, onRaw }: { isRawAllowed: boolean; onRaw: (reason: StoreError) => void },
): KeptKey {
  let known: SealingKey | undefined
  let isTold = false

  function remember(key: SealingKey): SealingKey {
    known = key
    if (key.bytes !== undefined && !isTold) {
      isTold = true
      onRaw(keysNotKept(database))
    }
    return key
  }

  async function create(): Promise<SealingKey> {
    const key = await createSealingKey()
    if (await givesBack(database, storedForm(key))) return key
    if (isRawAllowed) return createRawKey()
    throw keysNotKept(database)
  }

  async function open(stored: unknown): Promise<SealingKey | undefined> {
    const key = await openStoredKey(stored)
    return key && remember(key)
  }

  return {
    open,
    async get() {
      if (known !== undefined) return known
      const stored = await database.transact('readonly', (entries) => promisifyRequest(entries.get(sealingKeyName)))
      return (await open(stored)) ?? remember(await create())
    },
    forget() {
      known = undefined
    },
  }
}

/**
 * Whether the database gives back every `CryptoKey` in a value, by a trial that leaves nothing there. Some browsers refuse
 * them (`DataCloneError`), some take them and give back nothing, or `null`.
 * @see https://github.com/tkhq/sdk/issues/1454, https://github.com/dialog-db/dialog-db/pull/473
 */
export async function givesBack(database: SessionDatabase, value: unknown): Promise<boolean> {
  const name = ['trialKey', crypto.randomUUID()]
  try {
    return await database.transact('readwrite', async (entries) => {
      entries.put(value, name)
      const read: unknown = await promisifyRequest(entries.get(name))
      entries.delete(name)
      return cryptoKeysIn(read).length === cryptoKeysIn(value).length
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'DataCloneError') return false
    throw error
  }
}

/** The error where the browser does not keep a `CryptoKey`. */
export function keysNotKept({ name }: SessionDatabase): StoreError {
  return new StoreError(
    'storeMissing',
    `This browser does not keep a CryptoKey in the database ${JSON.stringify(name)}, as some versions and modes of Safari, so sessions cannot be sealed with one. Pass \`fallback: "memory"\` for sessions that end with the page, or \`fallback: "rawKey"\` to keep the bytes of the sealing key beside them.`,
  )
}
