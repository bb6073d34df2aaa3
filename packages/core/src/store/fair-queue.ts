import { untilAborted } from '../token/until-aborted.ts'

/**
 * Waits for its turn among all calls for the same name, first come, first served. Resolves with what ends the turn.
 *
 * @throws the signal's reason when it aborts first
 */
export type FairQueue = (name: string, signal: AbortSignal) => Promise<() => void>

/** Puts those of one process in order that want the same thing, so that only the first asks a system that knows no order. */
export function createFairQueue(): FairQueue {
  /** The end of the queue for each name: resolves when the last in line has left. */
  const queues = new Map<string, Promise<void>>()
  return async (name, signal) => {
    signal.throwIfAborted()
    const before = queues.get(name) ?? Promise.resolve()
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    // One that gives up while it waits leaves the line after those before it: `tail` waits for both.
    const tail = before.then(() => ended)
    queues.set(name, tail)
    void tail.then(() => {
      if (queues.get(name) === tail) queues.delete(name)
    })
    try {
      await untilAborted(before, signal)
    } catch (reason) {
      end()
      throw reason
    }
    return end
  }
}
