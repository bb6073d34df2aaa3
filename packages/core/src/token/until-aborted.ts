/**
 * The promise's own outcome, unless the signal aborts first: then a rejection with the signal's reason.
 *
 * For work that may not heed the signal it was given, such as an app's own `fetch`: the work itself goes on, unheard.
 */
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
