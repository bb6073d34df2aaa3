/**
 * What an operation comes to, unless it takes too long: then the operation goes on, and its outcome is not awaited.
 * @param options `late`: the error that it is then
 */
export async function bounded<Value>(
  work: Promise<Value>,
  { milliseconds, late }: { milliseconds: number; late: () => Error },
): Promise<Value> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const stop = callWhenLate(() => reject(late()), milliseconds)
  // A failure that comes too late is not an unhandled rejection.
  work.catch(() => {})
  try {
    return await Promise.race([work, tooLate])
  } finally {
    stop()
  }
}

/**
 * Calls back after some milliseconds; returns what ends that. The last quarter of them is a timer of its own: in a program
 * that stood still, timers fire before the answers that have arrived meanwhile are read.
 */
export function callWhenLate(callback: () => void, milliseconds: number): () => void {
  const last = milliseconds / 4
  let timer = setTimeout(() => {
    timer = setTimeout(callback, last)
  }, milliseconds - last)
  return () => clearTimeout(timer)
}
