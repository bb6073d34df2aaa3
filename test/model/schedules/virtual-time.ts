import type { Clock } from '@authchart/core'

/** Time that stands still until it is told to go on; its timers fire one at a time. */
export interface VirtualTime {
  readonly now: number
  /** A clock for one holder. */
  createClock(): HolderClock
  /** Goes on to the next timer and fires it; says whether there was one. */
  fireNext(): boolean
  /** Whether a timer is due by then. */
  hasTimerBefore(at: number): boolean
  /** Time passes; timers that are due then fire later. */
  sleep(milliseconds: number): void
}

export interface HolderClock {
  readonly clock: Clock
  /** Forgets its timers. */
  readonly stop: () => void
  /** Its timers wait until it goes on, and are due then. */
  readonly suspend: (isSuspended: boolean) => void
}

interface Timer {
  readonly at: number
  readonly callback: () => void
  readonly owner: object
}

export function createVirtualTime(): VirtualTime {
  let now = 1_000_000
  const timers = new Set<Timer>()
  const suspended = new Set<object>()

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
        suspend(isSuspended) {
          if (isSuspended) suspended.add(owner)
          else suspended.delete(owner)
        },
      }
    },
    fireNext() {
      let next: Timer | undefined
      for (const timer of timers) {
        if (!suspended.has(timer.owner) && (next === undefined || timer.at < next.at)) next = timer
      }
      if (next === undefined) return false
      timers.delete(next)
      now = Math.max(now, next.at)
      next.callback()
      return true
    },
    hasTimerBefore: (then) => [...timers].some(({ at, owner }) => at <= then && !suspended.has(owner)),
    sleep(milliseconds) {
      now += milliseconds
    },
  }
}
