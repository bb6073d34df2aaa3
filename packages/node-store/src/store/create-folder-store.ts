import { type ExpectedRecord, isStoreError, type SessionRecord, StoreError } from '@authchart/core/store'
import { leaseFileName, recordFileName, writeLockFileName } from '../folder/file-names.ts'
import { type FoundFile, readOwnFile, replaceTokenOf } from '../folder/read-file.ts'
import type { SessionFolder } from '../folder/session-folder.ts'
import { replaceRecordFile, tryWriting } from '../folder/write-file.ts'
import { acquireLock } from '../lock/acquire-lock.ts'
import { requireLocks } from '../lock/choose-locks.ts'
import type { KernelLock } from '../lock/kernel-lock.ts'
import { createRecordCodec } from '../sealed/record-codec.ts'
import type { RecordFile } from '../sealed/record-file.ts'
import type { KeySource } from '../sealed/sealing-key.ts'
import { createFolderLease } from './folder-lease.ts'
import { createFolderWatch } from './folder-watch.ts'
import { createFolderList, type ListOptions } from './list-folder.ts'
import type { NodeStore } from './node-store.ts'

/** How long a write waits for others that write the same record, in milliseconds; each needs a few. */
const writeLockWait = 8_000
/** How much the check writes: more than a session of most providers takes. */
const trialLength = 16 * 1024

/** What a store in a folder is made of. */
export interface FolderStoreParts extends ListOptions {
  readonly folder: SessionFolder
  /** `undefined`: secrets are not sealed. */
  readonly keySource: KeySource | undefined
}

/**
 * A store in a folder: a file per session, beside it the lock that is the lease, and the lock under which the file is
 * compared and replaced. They are two, so that a sign-out need not wait for a refresh.
 * @throws StoreError where the system has no file locks
 */
export function createFolderStore({ folder, keySource, ...listOptions }: FolderStoreParts): NodeStore {
  requireLocks()
  const codec = createRecordCodec(keySource)
  const watch = createFolderWatch(folder)
  const list = createFolderList(folder, listOptions)

  async function find(key: string): Promise<FoundFile | undefined> {
    return folder.isThere() ? readOwnFile(folder, recordFileName(key)) : undefined
  }

  async function read(key: string): Promise<SessionRecord | undefined> {
    const found = await find(key)
    return found === undefined ? undefined : codec.decode(key, found)
  }

  async function underWriteLock<Value>(key: string, work: () => Promise<Value>): Promise<Value> {
    const lock = await lockForWriting(folder, key)
    try {
      return await work()
    } finally {
      await lock.release()
    }
  }

  /** What there is to be replaced; `false` where it is not what was expected. */
  async function compare(key: string, expected: ExpectedRecord): Promise<RecordFile | undefined | false> {
    const found = await find(key)
    if (typeof expected !== 'object') {
      const file = found && codec.parse(key, found)
      return file?.clear.revision === expected && file
    }
    if (found === undefined || replaceTokenOf(found) !== expected.unreadable) return false
    return parseUnlessUnreadable(() => codec.parse(key, found))
  }

  return {
    suggestedRefreshTiming: 'onUse',
    suggestedLookMilliseconds: 3_000,
    read,

    async compareAndSet(key, expected, next) {
      folder.ensure()
      // The key may take seconds to come: others do not wait for that at the lock.
      if (next.secrets !== undefined) await keySource?.current({ create: true })
      return underWriteLock(key, async () => {
        const replaces = await compare(key, expected)
        if (replaces === false) return false
        await replaceRecordFile(folder, { key, text: await codec.encode(key, next, { replaces }) })
        return true
      })
    },

    async lease(key, { signal }) {
      signal.throwIfAborted()
      folder.ensure()
      const fileName = leaseFileName(key)
      const lock = await acquireLock(folder, fileName, { signal, keepAlive: false })
      return createFolderLease(lock, (listener) => watch.add(fileName, listener))
    },

    watch: (key, listener, onLost) => watch.add(recordFileName(key), listener, onLost),
    list: () => list(),
    page: list,

    async check(key) {
      folder.ensure()
      await keySource?.current({ create: true })
      const text = 'Can a session be kept here?'.padEnd(trialLength, '.')
      await underWriteLock(key, () => tryWriting(folder, { key, text }))
      // What cannot be read, but can be replaced, is not in the way of a sign-in.
      await parseUnlessUnreadable(() => read(key))
    },
  }
}

async function lockForWriting(folder: SessionFolder, key: string): Promise<KernelLock> {
  const fileName = writeLockFileName(key)
  const signal = AbortSignal.timeout(writeLockWait)
  try {
    return await acquireLock(folder, fileName, { signal, keepAlive: true })
  } catch (error) {
    if (error !== signal.reason) throw error
    throw new StoreError(
      'storeUnavailable',
      `Another process has been writing for too long: it has ${folder.pathOf(fileName)} locked.`,
    )
  }
}

/** @throws StoreError unless it is of a record that a sign-in may replace */
async function parseUnlessUnreadable<Value>(parse: () => Value | Promise<Value>): Promise<Value | undefined> {
  try {
    return await parse()
  } catch (error) {
    if (isStoreError(error) && error.replaceToken !== undefined) return undefined
    throw error
  }
}
