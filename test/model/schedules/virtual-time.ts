import type { Clock } from '@authchart/core'

/** Time that stands still until it is told to go on; its timers fire one at a time. */
export interface VirtualTime {
  readonly now: number
  /** A clock for one holder; `stop` forgets its timers. */
  createClock(): { clock: Clock; stop: () => void }
  /** Goes on to the next timer and fires it; says whether there was one. */
  fireNext(): boolean
  /** Whether a timer is due by then. */
  hasTimerBefore(at: number): boolean
  /** Time passes; timers that are due then fire later. */
  sleep(milliseconds: number): void
}

interface Timer {
  readonly at: number
  readonly callback: () => void
  readonly owner: object
}

export function createVirtualTime(): VirtualTime {
  let now = 1_000_000
  const timers = new Set<Timer>()

  return {
    get now() {
      return now
    },
    createClock() {
      const owner = {}
      const clock: Clock = {
        now: () => now,
        setTimeout(callback, delayMilliseconds) {
          const timer = { at: now + Math.max(delayMilliseconds, 0), callback, owner }
          timers.add(timer)
          return timer
        },
        clearTimeout: (timer) => void timers.delete(timer as Timer),
      }
      return {
        clock,
        stop() {
          for (const timer of timers) if (timer.owner === owner) timers.delete(timer)
        },
      }
    },
    fireNext() {
      let next: Timer | undefined
      for (const timer of timers) if (next === undefined || timer.at < next.at) next = timer
      if (next === undefined) return false
      timers.delete(next)
      now = Math.max(now, next.at)
      next.callback()
      return true
    },
    hasTimerBefore: (then) => [...timers].some(({ at }) => at <= then),
    sleep(milliseconds) {
      now += milliseconds
    },
  }
}
