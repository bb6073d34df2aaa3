/** The end of the queue for each name: resolves when the last in line has left. */
const queues = new Map<string, Promise<void>>()

/**
 * Waits for its turn among all calls of this process that want the same thing, first come, first served.
 *
 * Only the first in line asks the kernel, which knows no order.
 * @returns what ends the turn, to be called once
 * @throws the signal's reason when it aborts first
 */
export async function takeTurn(name: string, signal: AbortSignal): Promise<() => void> {
  signal.throwIfAborted()
  const before = queues.get(name)
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  // One that gives up while it waits leaves the line after those before it: `tail` waits for both.
  const tail = before === undefined ? ended : before.then(() => ended)
  queues.set(name, tail)
  void tail.then(() => {
    if (queues.get(name) === tail) queues.delete(name)
  })
  if (before === undefined) return end
  const { promise: left, reject } = Promise.withResolvers<never>()
  const leave = () => reject(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  try {
    await Promise.race([before, left])
    return end
  } catch (reason) {
    end()
    throw reason
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
