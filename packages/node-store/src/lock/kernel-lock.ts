import { constants } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { geteuid } from 'node:process'
import { StoreError } from '@authchart/core/store'
import { errorCodeOf, toFileError } from '../folder/file-error.ts'
import { accessFacts, judgeAccess } from '../folder/judge-access.ts'
import { noFollow } from '../folder/write-file.ts'
import { loadNativeLocks } from './native-lock.ts'

/** A lock that this process has, until it gives it back or ends. */
export interface KernelLock {
  /** Whether the file that is locked is still the one that others would lock. */
  isInPlace(): Promise<boolean>
  release(): Promise<void>
}

/** Folders in which one descriptor was seen to keep another out. */
const provenFolders = new Set<string>()

/**
 * Tries to lock a file, which is made where there is none and never removed; `undefined` while somebody else has it.
 *
 * By a fresh descriptor each time: asked again on one that has the lock, the kernel would say yes.
 * @throws StoreError
 */
export async function tryKernelLock(path: string): Promise<KernelLock | undefined> {
  const handle = await openLockFile(path)
  try {
    if (tryLock(handle, path) && (await isSameFile(handle, path))) {
      await proveExclusion(path)
      return lockOf(handle, path)
    }
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return undefined
}

function lockOf(handle: FileHandle, path: string): KernelLock {
  return {
    isInPlace: () => isSameFile(handle, path),
    // Closing gives the lock back. The file stays: if it were removed, two could lock two files of that name.
    release: () => handle.close(),
  }
}

async function openLockFile(path: string): Promise<FileHandle> {
  try {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT | noFollow, 0o600)
    const problem = judgeAccess(accessFacts(await handle.stat()), { expected: 'file', userId: geteuid?.() })
    if (problem === undefined) return handle
    await handle.close()
    throw new StoreError('storeUnavailable', `The lock ${path} is not used: ${problem}.`)
  } catch (error) {
    if (errorCodeOf(error) === 'ELOOP' || errorCodeOf(error) === 'EMLINK') {
      throw new StoreError('storeUnavailable', `The lock ${path} is not used: it is a symbolic link. Remove it.`)
    }
    throw toFileError(error, `open the lock ${path}`)
  }
}

/** Whether nobody has put another file in the place of the one that is open. */
async function isSameFile(handle: FileHandle, path: string): Promise<boolean> {
  const [ours, there] = await Promise.all([
    handle.stat({ bigint: true }),
    lstat(path, { bigint: true }).catch(() => undefined),
  ])
  return ours.dev === there?.dev && ours.ino === there.ino
}

function tryLock(handle: FileHandle, path: string): boolean {
  try {
    return loadNativeLocks().tryLock(handle.fd)
  } catch (error) {
    throw noLocksThere(path, error)
  }
}

/**
 * That the file system keeps a second descriptor out, once per folder: some network file systems grant every lock, and
 * then two would refresh at once.
 */
async function proveExclusion(path: string): Promise<void> {
  const folder = dirname(path)
  if (provenFolders.has(folder)) return
  const second = await openLockFile(path)
  const isExcluded = !tryLock(second, path)
  await second.close()
  if (!isExcluded) throw noLocksThere(path)
  provenFolders.add(folder)
}

function noLocksThere(path: string, error?: unknown): StoreError {
  const said = error === undefined ? 'it lends one lock twice' : (errorCodeOf(error) ?? 'unknown error')
  return new StoreError(
    'storeMissing',
    `The file system at ${dirname(path)} cannot lock files (${said}), as with some network file systems: two processes could refresh at once. Name a directory on a local disk.`,
    { cause: error },
  )
}
