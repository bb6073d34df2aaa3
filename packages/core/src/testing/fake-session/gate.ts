import { type Clock, systemClock } from '../../clock/clock.ts'

/** Holds back all that a fake session waits for. */
export interface Gate {
  /** The system's clock; while everything is held, no patience runs out. */
  readonly clock: Clock
  /** Resolves once what is held is released; at once while nothing is. */
  pass(): Promise<void>
  hold(): void
  release(): void
}

interface HeldTimer {
  isCleared: boolean
  inner?: unknown
}

export function createGate(): Gate {
  let held: PromiseWithResolvers<void> | undefined

  return {
    clock: {
      now: systemClock.now,
      setTimeout(callback, delayMilliseconds, options) {
        const timer: HeldTimer = { isCleared: false }
        const ring = () => {
          if (timer.isCleared) return
          // Its time begins again.
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
        const { inner } = Object.assign(timer as HeldTimer, { isCleared: true })
        systemClock.clearTimeout(inner)
      },
    },
    pass: async () => held?.promise,
    hold() {
      held ??= Promise.withResolvers()
    },
    release() {
      held?.resolve()
      held = undefined
    },
  }
}
