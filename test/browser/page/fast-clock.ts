import type { Clock } from '@authchart/core'

/** A clock that goes so many times as fast as the real one: for waits that are too long for a test. */
export function createFastClock(speed: number): Clock {
  const startedAt = Date.now()
  return {
    now: () => startedAt + (Date.now() - startedAt) * speed,
    setTimeout: (callback, delayMilliseconds) => setTimeout(callback, delayMilliseconds / speed),
    clearTimeout: (timer) => clearTimeout(timer as number),
  }
}
