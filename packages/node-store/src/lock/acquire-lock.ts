import { createFairQueue } from '@authchart/core/store'
import type { SessionFolder } from '../folder/session-folder.ts'
import { type KernelLock, tryKernelLock } from './kernel-lock.ts'

/** The shortest and the longest pause between two tries, in milliseconds. */
const shortestPause = 2
const longestPause = 50

/** By the paths of locks, for all stores of the process: the kernel knows no order. */
const takeTurn = createFairQueue()

/** How a lock is waited for. */
export interface LockWait {
  readonly signal: AbortSignal
  /** Whether the wait keeps the process alive. */
  readonly keepAlive: boolean
}

/**
 * Waits for a lock between processes; within this one, in the order of coming.
 * @throws the signal's reason when it aborts first
 * @throws StoreError
 */
export async function acquireLock(folder: SessionFolder, fileName: string, wait: LockWait): Promise<KernelLock> {
  const endTurn = await takeTurn(folder.pathOf(fileName), wait.signal)
  try {
    const lock = await pollLock(folder, fileName, wait)
    return {
      ...lock,
      async release() {
        await lock.release().finally(endTurn)
      },
    }
  } catch (error) {
    endTurn()
    throw error
  }
}

async function pollLock(folder: SessionFolder, fileName: string, wait: LockWait): Promise<KernelLock> {
  for (let attempt = 0; ; attempt += 1) {
    const lock = await tryKernelLock(folder, fileName)
    if (lock !== undefined) {
      if (!wait.signal.aborted) return lock
      await lock.release()
    }
    wait.signal.throwIfAborted()
    await pause(lockPause(attempt, Math.random()), wait)
  }
}

/**
 * How long to wait before the next try, in milliseconds: spread at random, so that processes that wait do not ask in step.
 * @param random from 0 to 1
 */
export function lockPause(attempt: number, random: number): number {
  const spread = Math.min(longestPause - shortestPause, 2 ** Math.min(attempt, 10))
  return shortestPause + spread * random
}

async function pause(milliseconds: number, { signal, keepAlive }: LockWait): Promise<void> {
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
