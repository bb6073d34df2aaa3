import type { Clock } from '../clock/clock.ts'

/** A clock that moves only when it is told to. */
export interface SimulatedClock extends Clock {
  /** How many timers are waiting. */
  readonly timers: number
  /**
   * Moves the time on by some milliseconds, firing the timers on the way in their order, each at its time; between two
   * of them, what is ready to run runs.
   */
  advance(milliseconds: number): Promise<void>
  /** Moves the time on without firing a timer, as a device does that sleeps. Timers that are due fire at the next `advance`. */
  sleep(milliseconds: number): void
}

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/**
 * A simulated clock for tests: hand it to `createSession({ clock })`.
 *
 * @param options `now`: where it starts, in milliseconds since the epoch; default the system's time
 * @example
 * const clock = createSimulatedClock()
 * const session = createSession({ key, store, grant, clock })
 * await clock.advance(60_000)
 */
export function createSimulatedClock(options: { now?: number } = {}): SimulatedClock {
  let now = options.now ?? Date.now()
  const timers = new Set<Timer>()

  function nextDue(until: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of timers) if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer
    return next
  }

  return {
    get timers() {
      return timers.size
    },
    now: () => now,
    setTimeout(callback, delayMilliseconds) {
      const timer = { at: now + Math.max(delayMilliseconds, 0), callback }
      timers.add(timer)
      return timer
    },
    clearTimeout: (timer) => void timers.delete(timer as Timer),
    async advance(milliseconds) {
      const until = now + milliseconds
      await settle()
      for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
        timers.delete(timer)
        now = Math.max(now, timer.at)
        timer.callback()
        await settle()
      }
      now = Math.max(now, until)
    },
    sleep(milliseconds) {
      now += milliseconds
    },
  }
}

/** Lets what is ready run: promises, and what the system has for us. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
