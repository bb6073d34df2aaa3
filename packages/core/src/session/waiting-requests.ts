import type { Clock } from '../clock/clock.ts'
import { RefreshUnavailableError } from '../errors/refresh-unavailable-error.ts'

/** Callers that wait for the session to change. */
export interface WaitingRequests {
  /**
   * Waits for the next change of the session, for its signal, or for a time, whichever comes first.
   * @throws the signal's reason, or RefreshUnavailableError (`timeout`) at the deadline (milliseconds since the epoch)
   */
  untilChangeInTime(options: { signal: AbortSignal | undefined; deadline: number }): Promise<void>
  /** Lets everybody look again. */
  release(): void
}

export function createWaitingRequests(clock: Clock): WaitingRequests {
  const waiting = new Set<() => void>()
  return {
    untilChangeInTime({ signal, deadline }) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        function settle(end: () => void) {
          waiting.delete(onChange)
          clock.clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
          end()
        }
        const onChange = () => settle(resolve)
        const onDeadline = () => settle(() => reject(new RefreshUnavailableError({ code: 'timeout' })))
        const onAbort = () => settle(() => reject(signal?.reason))
        // A caller that waits is work to be done: the process stays until it has its answer.
        const timer = clock.setTimeout(onDeadline, deadline - clock.now(), { keepAlive: true })
        waiting.add(onChange)
        signal?.addEventListener('abort', onAbort, { once: true })
      })
    },
    release() {
      for (const onChange of [...waiting]) onChange()
    },
  }
}
