import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { arch, platform } from 'node:process'
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
      `This system has no file locks that authchart could use (fs-native-extensions: ${code}): there is a build for glibc Linux, macOS and Windows, on x64 and arm64, not for musl. Use an image with glibc, such as node:slim, or memoryStore.`,
      { cause: error },
    )
  }
}

/**
 * Makes sure that there are locks, without loading them where their build is there to be seen: that takes a quarter of
 * the time in which a program has its token, and reading one needs no lock.
 * @throws StoreError `storeMissing`
 */
export function requireNativeLocks(): void {
  if (!isBuildThere()) loadNativeLocks()
}

function isBuildThere(): boolean {
  try {
    const folder = dirname(require.resolve('fs-native-extensions/package.json'))
    const build = join(folder, 'prebuilds', `${platform}-${arch}`, 'fs-native-extensions.node')
    return existsSync(build) && !existsSync('/etc/alpine-release')
  } catch {
    return false
  }
}
