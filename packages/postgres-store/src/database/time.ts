/** Milliseconds on a clock that cannot be set. It may stand still while the machine sleeps. */
export function monotonicNow(): number {
  return performance.now()
}

/** After a time; never keeps a process alive by itself. Returns what calls it off. */
export function later(milliseconds: number, work: () => void): () => void {
  const timer: unknown = setTimeout(work, milliseconds)
  // In Node, Deno and Bun; in browsers and Workers timers are numbers.
  if (typeof timer === 'object' && timer !== null) (timer as { unref?(): void }).unref?.()
  return () => clearTimeout(timer as ReturnType<typeof setTimeout>)
}

/** Resolves after a time, or as soon as the signal aborts. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      callOff()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const callOff = later(milliseconds, end)
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
  })
}

/** A time that is longer or shorter by at most this part of it, so that many do not come at once. */
export function jittered(milliseconds: number, part: number): number {
  return milliseconds * (1 + part * (2 * Math.random() - 1))
}

/**
 * The outcome of some work, unless it takes too long.
 * @param options `late`: the error that it is then; the work goes on
 */
export async function within<Value>(
  work: Promise<Value>,
  { milliseconds, late }: { milliseconds: number; late: () => Error },
): Promise<Value> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const callOff = later(milliseconds, () => reject(late()))
  work.catch(() => {})
  try {
    return await Promise.race([work, tooLate])
  } finally {
    callOff()
  }
}
