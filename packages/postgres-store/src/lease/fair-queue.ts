/** Who of this process wants the same thing, first come, first served. */
export interface FairQueue {
  /**
   * Waits for its turn.
   * @returns what ends the turn
   * @throws the signal's reason when it aborts first
   */
  take(name: string, signal: AbortSignal): Promise<() => void>
}

/** Only the first in line asks the database, which knows no order. */
export function createFairQueue(): FairQueue {
  /** The end of the queue for each name: resolves when the last in line has left. */
  const queues = new Map<string, Promise<void>>()
  return {
    async take(name, signal) {
      signal.throwIfAborted()
      const before = queues.get(name)
      const { promise: ended, resolve: end } = Promise.withResolvers<void>()
      // One that gives up while it waits leaves the line only after those before it: `tail` waits for both.
      const tail = before === undefined ? ended : before.then(() => ended)
      queues.set(name, tail)
      void tail.then(() => {
        if (queues.get(name) === tail) queues.delete(name)
      })
      if (before === undefined) return end
      try {
        await untilAborted(before, signal)
        return end
      } catch (reason) {
        end()
        throw reason
      }
    },
  }
}

/** The promise's outcome, unless the signal aborts first: then its reason. */
export async function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
