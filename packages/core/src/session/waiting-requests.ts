import type { Clock } from '../clock/clock.ts'
import { timeoutSignal } from '../clock/wait.ts'
import { RefreshUnavailableError } from '../errors/refresh-unavailable-error.ts'
import { untilAborted } from '../token/until-aborted.ts'

/** Callers that wait for the session to change. */
export interface WaitingRequests {
  /** How long one caller waits, in all. The clock on the wall has no say in it. */
  startWait(options: { signal: AbortSignal | undefined; milliseconds: number }): CallerWait
  /** Lets everybody look again. */
  release(): void
}

/** The wait of one caller, who looks again after every change. */
export interface CallerWait {
  /**
   * Waits for the next change of the session.
   * @throws the caller's reason when its signal aborts, or RefreshUnavailableError (`timeout`) when its time is over
   */
  untilChange(): Promise<void>
  /** Ends the wait's timer. */
  end(): void
}

export function createWaitingRequests(clock: Clock): WaitingRequests {
  /** The next change of the session, if anybody waits for it. */
  let change: PromiseWithResolvers<void> | undefined
  return {
    startWait({ signal, milliseconds }) {
      let timeout: { signal: AbortSignal; stop: () => void } | undefined
      return {
        async untilChange() {
          signal?.throwIfAborted()
          // A caller that waits is work to be done: the process stays until it has its answer.
          timeout ??= timeoutSignal(clock, milliseconds, { signal, keepAlive: true })
          change ??= Promise.withResolvers<void>()
          try {
            await untilAborted(change.promise, timeout.signal)
          } catch {
            signal?.throwIfAborted()
            throw new RefreshUnavailableError({ code: 'timeout' })
          }
        },
        end: () => timeout?.stop(),
      }
    },
    release() {
      change?.resolve()
      change = undefined
    },
  }
}
