import { constants } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { StoreError } from '@authchart/core/store'
import { errorCodeOf, toFileError } from '../folder/file-error.ts'
import { accessFacts } from '../folder/judge-access.ts'
import { findMount, judgeLocks } from '../folder/mount.ts'
import type { SessionFolder } from '../folder/session-folder.ts'
import { noFollow, noteIn, type WriteNote } from '../folder/write-file.ts'
import { loadNativeLocks } from './native-lock.ts'

/** A lock that this process has, until it gives it back or ends. */
export interface KernelLock extends WriteNote {
  /** Whether the file that is locked is still the one that others would lock. */
  isInPlace(): Promise<boolean>
  release(): Promise<void>
}

/** Folders whose file system was seen to keep others out. */
const provenFolders = new Set<string>()

/**
 * Tries to lock a file, which is made where there is none and never removed; `undefined` while another holder has it.
 *
 * By a fresh descriptor each time: asked again on one that has the lock, the kernel would say yes.
 * @throws StoreError
 */
export async function tryKernelLock(folder: SessionFolder, fileName: string): Promise<KernelLock | undefined> {
  const path = folder.pathOf(fileName)
  const handle = await openLockFile(folder, path)
  try {
    if (tryLock(handle, folder) && (await isSameFile(handle, path))) {
      if (!provenFolders.has(folder.path)) await proveExclusion(folder, { handle, path })
      return {
        ...noteIn(handle),
        isInPlace: () => isSameFile(handle, path),
        // Closing gives the lock back. The file stays: if it were removed, two could lock two files of that name.
        release: () => handle.close(),
      }
    }
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return undefined
}

async function openLockFile(folder: SessionFolder, path: string): Promise<FileHandle> {
  try {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT | noFollow, 0o600)
    const problem = folder.judgeFile(path, accessFacts(await handle.stat()))
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

/** Whether no other file was put in the place of the one that is open. */
async function isSameFile(handle: FileHandle, path: string): Promise<boolean> {
  const [ours, there] = await Promise.all([
    handle.stat({ bigint: true }),
    lstat(path, { bigint: true }).catch(() => undefined),
  ])
  return ours.dev === there?.dev && ours.ino === there.ino
}

function tryLock(handle: FileHandle, folder: SessionFolder): boolean {
  try {
    return loadNativeLocks().tryLock(handle.fd)
  } catch (error) {
    throw noLocksThere(folder, `it answers ${errorCodeOf(error) ?? 'an unknown error'}`, error)
  }
}

/**
 * That the file system keeps others out, once per folder: some network file systems grant every lock, and some keep out
 * this machine alone. Then two could refresh at once.
 */
async function proveExclusion(
  folder: SessionFolder,
  { handle, path }: { handle: FileHandle; path: string },
): Promise<void> {
  const problem = judgeLocks(await findMount(handle, folder.path))
  if (problem !== undefined) throw noLocksThere(folder, problem)
  const second = await openLockFile(folder, path)
  const isExcluded = !tryLock(second, folder)
  await second.close()
  if (!isExcluded) throw noLocksThere(folder, 'it lends one lock twice')
  provenFolders.add(folder.path)
}

function noLocksThere(folder: SessionFolder, problem: string, cause?: unknown): StoreError {
  return new StoreError(
    'storeMissing',
    `The file system at ${folder.path} has no file locks that keep two processes from refreshing at once: ${problem}. Name a directory on a local disk.`,
    { cause },
  )
}
