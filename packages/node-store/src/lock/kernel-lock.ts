import { isStoreError, StoreError } from '@authchart/core/store'
import { errorCodeOf } from '../folder/file-error.ts'
import { findMount, judgeLocks } from '../folder/mount.ts'
import type { SessionFolder } from '../folder/session-folder.ts'
import { loadLocks } from './choose-locks.ts'

/** A lock that this process has, until it gives it back or ends. */
export interface KernelLock {
  /** Whether the file that is locked is still the one that others would lock. */
  isInPlace(): Promise<boolean>
  release(): Promise<void>
}

/** Folders whose file system was seen to keep others out. */
const provenFolders = new Set<string>()

/**
 * Tries to lock a file, which is made where there is none and never removed: if it were, two could lock two files of that
 * name. It stays empty, as SQLite would take what it holds for a database. `undefined` while another holder has it.
 * @throws StoreError
 */
export async function tryKernelLock(folder: SessionFolder, fileName: string): Promise<KernelLock | undefined> {
  const path = folder.pathOf(fileName)
  const lock = await tryLock(folder, path)
  if (lock === undefined) return undefined
  try {
    if (await lock.isInPlace()) {
      if (!provenFolders.has(folder.path)) await proveExclusion(folder, path)
      return lock
    }
  } catch (error) {
    await lock.release()
    throw error
  }
  await lock.release()
  return undefined
}

async function tryLock(folder: SessionFolder, path: string): Promise<KernelLock | undefined> {
  const locks = loadLocks()
  try {
    return await locks(folder, path)
  } catch (error) {
    if (isStoreError(error)) throw error
    throw noLocksThere(folder, `it answers ${errorCodeOf(error) ?? 'an unknown error'}`, error)
  }
}

/**
 * That the file system keeps others out, once per folder: some network file systems grant every lock, and some keep out
 * this machine alone. Then two could refresh at once. SQLite keeps out this process by itself, so there only the mount
 * tells.
 */
async function proveExclusion(folder: SessionFolder, path: string): Promise<void> {
  const problem = judgeLocks(await findMount(folder.path))
  if (problem !== undefined) throw noLocksThere(folder, problem)
  const second = await tryLock(folder, path)
  await second?.release()
  if (second !== undefined) throw noLocksThere(folder, 'it lends one lock twice')
  provenFolders.add(folder.path)
}

function noLocksThere(folder: SessionFolder, problem: string, cause?: unknown): StoreError {
  return new StoreError(
    'storeMissing',
    `The file system at ${folder.path} has no file locks that keep two processes from refreshing at once: ${problem}. Name a directory on a local disk.`,
    { cause },
  )
}
