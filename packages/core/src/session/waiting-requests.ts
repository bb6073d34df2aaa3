import type { Clock } from '../clock/clock.ts'

/** Callers that wait for the session to change. */
export interface WaitingRequests {
  /**
   * Waits for the next change of the session, for its signal, or for a time, whichever comes first.
   * @throws the signal's reason
   */
  untilChange(options: { signal?: AbortSignal | undefined; deadline: number }): Promise<'changed' | 'late'>
  /** Lets everybody look again. */
  release(): void
}

export function createWaitingRequests(clock: Clock): WaitingRequests {
  const waiting = new Set<() => void>()
  return {
    untilChange({ signal, deadline }) {
      return new Promise((resolve, reject) => {
        function settle(end: () => void) {
          waiting.delete(onChange)
          clock.clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
          end()
        }
        const onChange = () => settle(() => resolve('changed'))
        const onAbort = () => settle(() => reject(signal?.reason))
        // A caller that waits is work to be done: the process stays until it has its answer.
        const timer = clock.setTimeout(() => settle(() => resolve('late')), deadline - clock.now(), { keepAlive: true })
        waiting.add(onChange)
        signal?.addEventListener('abort', onAbort, { once: true })
      })
    },
    release() {
      for (const onChange of [...waiting]) onChange()
    },
  }
}
