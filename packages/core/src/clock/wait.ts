import type { Clock } from './clock.ts'

/** Whether a wait came to its end, or was cut short by its signal. */
export type WaitEnd = 'elapsed' | 'aborted'

/** Waits for some milliseconds by a clock; a signal ends the wait early, without a throw. */
export function wait(
  clock: Clock,
  delayMilliseconds: number,
  options: { signal?: AbortSignal | undefined; keepAlive?: boolean } = {},
): Promise<WaitEnd> {
  const { signal, keepAlive = false } = options
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve('aborted')
    const onAbort = () => {
      clock.clearTimeout(timer)
      resolve('aborted')
    }
    const timer = clock.setTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort)
        resolve('elapsed')
      },
      delayMilliseconds,
      { keepAlive },
    )
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/**
 * The last part of a timeout is a timer of its own, in milliseconds: in a process that was suspended, timers fire before
 * the answers that have arrived meanwhile are read.
 */
const lastMilliseconds = 1_000

/** A signal that aborts after some milliseconds by a clock, or with another signal; `stop` ends its timer. */
export function timeoutSignal(
  clock: Clock,
  delayMilliseconds: number,
  options: { signal?: AbortSignal | undefined; keepAlive?: boolean } = {},
): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController()
  const { signal, keepAlive = false } = options
  const last = Math.min(delayMilliseconds, lastMilliseconds)
  const abort = () => controller.abort(new DOMException('Timed out', 'TimeoutError'))
  let timer = clock.setTimeout(
    () => {
      timer = clock.setTimeout(abort, last, { keepAlive })
    },
    delayMilliseconds - last,
    { keepAlive },
  )
  const onAbort = () => controller.abort(signal?.reason)
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    stop() {
      clock.clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    },
  }
}
