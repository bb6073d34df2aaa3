import type { Lease } from '@authchart/core/store'
import type { KernelLock } from '../lock/kernel-lock.ts'

/**
 * A lease that is a kernel's lock. It is lost when the file that is locked is removed or replaced, since others then lock
 * another file.
 *
 * @param watchFile calls back when the lock's file may have changed
 */
export function createFolderLease(lock: KernelLock, watchFile: (listener: () => void) => () => void): Lease {
  const lost = new AbortController()
  let released: Promise<void> | undefined

  async function look() {
    const isInPlace = await lock.isInPlace().catch(() => true)
    if (!isInPlace && released === undefined) lost.abort()
  }

  const unwatch = watchFile(() => void look())
  return {
    lost: lost.signal,
    [Symbol.asyncDispose]() {
      unwatch()
      released ??= lock.release()
      return released
    },
  }
}
