import { takeTurn } from './fair-queue.ts'
import { type KernelLock, tryKernelLock } from './kernel-lock.ts'

/** The shortest and the longest pause between two tries, in milliseconds. */
const shortestPause = 2
const longestPause = 50

/**
 * Waits for a lock between processes; within this one, in the order of coming.
 *
 * @param options `keepAlive`: whether the wait keeps the process alive
 * @throws the signal's reason when it aborts first
 * @throws StoreError
 */
export async function acquireLock(
  path: string,
  { signal, keepAlive }: { signal: AbortSignal; keepAlive: boolean },
): Promise<KernelLock> {
  const endTurn = await takeTurn(path, signal)
  try {
    const lock = await pollLock(path, { signal, keepAlive })
    return {
      isInPlace: lock.isInPlace,
      async release() {
        await lock.release().finally(endTurn)
      },
    }
  } catch (error) {
    endTurn()
    throw error
  }
}

async function pollLock(path: string, options: { signal: AbortSignal; keepAlive: boolean }): Promise<KernelLock> {
  for (let attempt = 0; ; attempt += 1) {
    const lock = await tryKernelLock(path)
    if (lock !== undefined) {
      if (!options.signal.aborted) return lock
      await lock.release()
    }
    options.signal.throwIfAborted()
    await pause(lockPause(attempt, Math.random()), options)
  }
}

/**
 * How long to wait before the next try, in milliseconds: spread at random, so that those who wait do not ask in step.
 * @param random from 0 to 1
 */
export function lockPause(attempt: number, random: number): number {
  const spread = Math.min(longestPause - shortestPause, 2 ** Math.min(attempt, 10))
  return shortestPause + spread * random
}

async function pause(
  milliseconds: number,
  { signal, keepAlive }: { signal: AbortSignal; keepAlive: boolean },
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds)
  if (!keepAlive) timer.unref()
  const onAbort = () => resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  await promise
  clearTimeout(timer)
  signal.removeEventListener('abort', onAbort)
  signal.throwIfAborted()
}
