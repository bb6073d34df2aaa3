import { type SessionRecord, type SessionSummary, StoreError, summarizeRecord } from '@authchart/core/store'
import { leaseFileName, recordFileName, writeLockFileName } from '../folder/file-names.ts'
import { readOwnFile } from '../folder/read-file.ts'
import type { SessionFolder } from '../folder/session-folder.ts'
import { replaceRecordFile, tryWriting } from '../folder/write-file.ts'
import { acquireLock } from '../lock/acquire-lock.ts'
import type { KernelLock } from '../lock/kernel-lock.ts'
import { loadNativeLocks } from '../lock/native-lock.ts'
import { createRecordCodec } from '../sealed/record-codec.ts'
import type { RecordFile } from '../sealed/record-file.ts'
import type { KeySource } from '../sealed/sealing-key.ts'
import { createFolderLease } from './folder-lease.ts'
import { createFolderWatch } from './folder-watch.ts'
import { type ListOptions, listFolder } from './list-folder.ts'
import type { NodeStore } from './node-store.ts'

/** How long a write waits for others that write the same record, in milliseconds; each needs a few. */
const writeLockWait = 8_000

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
  loadNativeLocks()
  const codec = createRecordCodec(keySource)
  const watch = createFolderWatch(folder)

  async function readFile(key: string): Promise<RecordFile | undefined> {
    if (!folder.isThere()) return undefined
    const text = await readOwnFile(folder.pathOf(recordFileName(key)))
    return text === undefined ? undefined : codec.parse(key, text)
  }

  async function lockForWriting(key: string): Promise<KernelLock> {
    const path = folder.pathOf(writeLockFileName(key))
    const signal = AbortSignal.timeout(writeLockWait)
    try {
      return await acquireLock(path, { signal, keepAlive: true })
    } catch (error) {
      if (error !== signal.reason) throw error
      throw new StoreError('storeUnavailable', `Another process has been writing for too long: it has ${path} locked.`)
    }
  }

  async function replaceUnderLock(key: string, expectedRevision: string | undefined, next: SessionRecord) {
    const found = await readFile(key)
    if (found?.clear.revision !== expectedRevision) return false
    await replaceRecordFile(folder, key, await codec.encode(key, next, { replaces: found }))
    return true
  }

  const store: NodeStore = {
    suggestedRefreshTiming: 'onUse',

    async read(key) {
      const file = await readFile(key)
      return file === undefined ? undefined : codec.decode(file)
    },

    async compareAndSet(key, expectedRevision, next) {
      folder.ensure()
      // The key may take seconds to come: nobody waits for that at the lock.
      if (next.secrets !== undefined) await keySource?.get({ create: true })
      const lock = await lockForWriting(key)
      try {
        return await replaceUnderLock(key, expectedRevision, next)
      } finally {
        await lock.release()
      }
    },

    async lease(key, { signal }) {
      signal.throwIfAborted()
      folder.ensure()
      const fileName = leaseFileName(key)
      const lock = await acquireLock(folder.pathOf(fileName), { signal, keepAlive: false })
      return createFolderLease(lock, (listener) => watch.add(fileName, listener))
    },

    watch: (key, listener) => watch.add(recordFileName(key), listener),

    async list(): Promise<SessionSummary[]> {
      const files = folder.isThere() ? await listFolder(folder, listOptions) : []
      return files.map(({ key, clear }) => summarizeRecord(key, clear))
    },

    async check(key) {
      folder.ensure()
      const lock = await lockForWriting(key)
      try {
        await tryWriting(folder, key)
      } finally {
        await lock.release()
      }
      await keySource?.get({ create: true })
      await store.read(key)
    },
  }
  return store
}
