import type { Clock } from '../clock/clock.ts'
import { wait } from '../clock/wait.ts'
import { untilAborted } from '../token/until-aborted.ts'

/** What one try came to: the value, or a pause before the next one. */
export type TryOutcome<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'again'; readonly delayMilliseconds: number }

/** Something that is tried again and again, for as long as a caller waits for it. */
export interface SharedWait<Value> {
  /** Waits with all others; ends with the signal's reason when that aborts. */
  join(signal: AbortSignal | undefined): Promise<Value>
}

/**
 * One try at a time for all who wait, with the pauses that the tries ask for, also before the first and between two
 * waits. When the last caller has left, a try that is under way comes to its end, and what it brings is kept for the
 * next caller. The timer keeps a process alive.
 */
export function createSharedWait<Value>(
  attempt: () => Promise<TryOutcome<Value>>,
  { clock, delayMilliseconds }: { clock: Clock; delayMilliseconds: number },
): SharedWait<Value> {
  let delay = delayMilliseconds
  let nextAt = clock.now() + delay
  let waiting = 0
  let running: Promise<{ value: Value } | undefined> | undefined
  let pause = new AbortController()

  /** The value, or nothing when all callers have left. */
  async function run(): Promise<{ value: Value } | undefined> {
    for (;;) {
      if (waiting === 0) {
        running = undefined
        return undefined
      }
      pause = new AbortController()
      // A clock that was set back makes no pause longer.
      const remaining = Math.min(nextAt - clock.now(), delay)
      // All callers have left, though another may have come since: the loop looks again.
      if ((await wait(clock, remaining, { signal: pause.signal, keepAlive: true })) === 'aborted') continue
      const outcome = await attempt()
      if (outcome.kind === 'done') return { value: outcome.value }
      delay = outcome.delayMilliseconds
      nextAt = clock.now() + delay
    }
  }

  return {
    async join(signal) {
      signal?.throwIfAborted()
      waiting += 1
      try {
        for (;;) {
          running ??= run()
          // Callers that have left do not hear of it.
          running.catch(() => {})
          const result = await (signal === undefined ? running : untilAborted(running, signal))
          if (result !== undefined) return result.value
        }
      } finally {
        waiting -= 1
        if (waiting === 0) pause.abort()
      }
    },
  }
}
