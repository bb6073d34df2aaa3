/**
 * Where a session gets the time and its timers from. The default is the system's; tests give a simulated one.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /**
   * Calls back once after a delay in milliseconds. Any delay is safe: too long a one comes early, never at once.
   * The timer does not keep a Node process alive unless `keepAlive` is set.
   */
  setTimeout(callback: () => void, delayMilliseconds: number, options?: { keepAlive?: boolean }): unknown
  clearTimeout(timer: unknown): void
}

/** The longest delay timers take: above it, Node and browsers fire at once. */
const longestDelay = 2 ** 31 - 1

/** The system's clock and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout(callback, delayMilliseconds, options) {
    const timer: unknown = setTimeout(callback, safeDelay(delayMilliseconds))
    if (options?.keepAlive !== true && isNodeTimer(timer)) timer.unref()
    return timer
  },
  clearTimeout(timer) {
    clearTimeout(timer as ReturnType<typeof setTimeout>)
  },
}

/** A delay that a timer waits for: not NaN, not negative, not above 2^31 ms, each of which would fire at once. */
export function safeDelay(delayMilliseconds: number): number {
  if (Number.isNaN(delayMilliseconds)) return longestDelay
  return Math.min(Math.max(delayMilliseconds, 0), longestDelay)
}

function isNodeTimer(timer: unknown): timer is { unref(): void } {
  return typeof timer === 'object' && timer !== null && 'unref' in timer
}
