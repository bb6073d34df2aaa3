import { constants } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { platform } from 'node:process'
import { StoreError } from '@authchart/core/store'
import { errorCodeOf, toFileError } from '../folder/file-error.ts'
import { accessFacts } from '../folder/judge-access.ts'
import type { SessionFolder } from '../folder/session-folder.ts'
import { noFollow } from '../folder/write-file.ts'
import type { KernelLock } from './kernel-lock.ts'

/**
 * What is used of `fs-native-extensions`, which brings no types: an exclusive lock on an open file, by the kernel
 * (`F_OFD_SETLK` on Linux, `flock` on macOS, `LockFileEx` on Windows). Answers `false` when another descriptor has it;
 * asked again on the descriptor that has it, it says `true` once more.
 *
 * Its `waitForLock` cannot be cancelled, and is not used.
 */
interface NativeLocks {
  tryLock(fileDescriptor: number): boolean
}

const require = createRequire(import.meta.url)

let loaded: NativeLocks | undefined

/**
 * The kernel's locks, loaded once. Not imported: that would fail before anything could say what is the matter.
 * @throws where the addon has no build for this system
 */
export function loadNativeLocks(): NativeLocks {
  loaded ??= require('fs-native-extensions') as NativeLocks
  return loaded
}

/**
 * Tries to lock a file, which is made where there is none.
 *
 * By a fresh descriptor each time: asked again on one that has the lock, the kernel would say yes.
 */
export async function tryNativeLock(folder: SessionFolder, path: string): Promise<KernelLock | undefined> {
  const handle = await openLockFile(folder, path)
  try {
    if (loadNativeLocks().tryLock(handle.fd)) {
      // Closing gives the lock back.
      return { isInPlace: () => isInPlace(handle, path), release: () => handle.close() }
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

async function isInPlace(handle: FileHandle, path: string): Promise<boolean> {
  const [ours, there] = await Promise.all([
    handle.stat({ bigint: true }),
    lstat(path, { bigint: true }).catch(() => undefined),
  ])
  return there !== undefined && isSameFile(ours, there, { platform })
}

/** Which file it is, of all on a disk. */
interface FileIdentity {
  readonly dev: bigint
  readonly ino: bigint
}

/**
 * Whether an open file is the one at its path. On Windows by the file's number alone, since `lstat` does not tell the
 * volume in Node 22.12 to 22.16 and 24.0 to 24.1, and `fstat` does.
 * @see https://github.com/libuv/libuv/pull/4698
 */
export function isSameFile(open: FileIdentity, there: FileIdentity, system: { platform: string }): boolean {
  return open.ino === there.ino && (system.platform === 'win32' || open.dev === there.dev)
}
