import { createRequire } from 'node:module'
import { StoreError } from '@authchart/core/store'
import { errorCodeOf } from '../folder/file-error.ts'

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
 * The kernel's locks, loaded once.
 * @throws StoreError `storeMissing` where the addon has no build for this system, such as Alpine Linux (musl)
 */
export function loadNativeLocks(): NativeLocks {
  try {
    // Not imported: that would fail before anything could say what is the matter.
    loaded ??= require('fs-native-extensions') as NativeLocks
    return loaded
  } catch (error) {
    const code = errorCodeOf(error) ?? 'not loadable'
    throw new StoreError(
      'storeMissing',
      `This system has no file locks that authchart could use (fs-native-extensions: ${code}): there is a build for glibc Linux, macOS and Windows, on x64 and arm64, none for musl. Use an image with glibc, such as node:slim, or memoryStore.`,
      { cause: error },
    )
  }
}
