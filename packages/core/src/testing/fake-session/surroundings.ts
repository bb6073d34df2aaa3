import { systemClock } from '../../clock/clock.ts'
import type { RuntimeOptions } from '../../session/session-options.ts'

/** Time and device of a fake session: the system's clock, set forward at will, and a gate that holds everything back. */
export interface Surroundings {
  readonly runtime: Required<Pick<RuntimeOptions, 'clock' | 'environment'>>
  /** Sets the clock forward, and lets the session look at it as after a sleep. */
  passTime(milliseconds: number): void
  /** Resolves once what is held is released; `undefined` while nothing is. */
  readonly gate: Promise<void> | undefined
  hold(): void
  release(): void
}

interface FakeTimer {
  isCleared: boolean
  inner?: unknown
}

export function createSurroundings(): Surroundings {
  const listeners = new Set<(change: 'resumed') => void>()
  let shift = 0
  let held: PromiseWithResolvers<void> | undefined

  return {
    runtime: {
      clock: {
        now: () => systemClock.now() + shift,
        setTimeout(callback, delayMilliseconds, options) {
          const timer: FakeTimer = { isCleared: false }
          const ring = () => {
            if (timer.isCleared) return
            // While everything is held, no patience runs out: it begins again.
            if (held === undefined) callback()
            else void held.promise.then(arm)
          }
          const arm = () => {
            timer.inner = systemClock.setTimeout(ring, delayMilliseconds, options)
          }
          arm()
          return timer
        },
        clearTimeout(timer) {
          if (timer === undefined) return
          const { inner } = Object.assign(timer as FakeTimer, { isCleared: true })
          systemClock.clearTimeout(inner)
        },
      },
      environment: {
        isOnline: () => true,
        subscribe(listener) {
          listeners.add(listener)
          return () => void listeners.delete(listener)
        },
      },
    },
    passTime(milliseconds) {
      shift += Math.max(milliseconds, 0)
      for (const listener of listeners) listener('resumed')
    },
    get gate() {
      return held?.promise
    },
    hold() {
      held ??= Promise.withResolvers()
    },
    release() {
      held?.resolve()
      held = undefined
    },
  }
}
