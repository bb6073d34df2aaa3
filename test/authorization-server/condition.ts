/** Something to await: resolves as soon as what it is about has become true. */
export interface Condition {
  /** Looks again at what the waiters wait for. */
  changed(): void
  /**
   * @throws after `withinMilliseconds` (default 30,000), saying what was waited for
   */
  until(isMet: () => boolean, options: { description: string; withinMilliseconds?: number }): Promise<void>
}

/** Makes a condition without waiters. */
export function createCondition(): Condition {
  const waiters = new Set<() => void>()
  return {
    changed() {
      for (const look of [...waiters]) look()
    },
    async until(isMet, { description, withinMilliseconds = 30_000 }) {
      if (isMet()) return
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const timer = setTimeout(
        () => reject(new Error(`Waited ${withinMilliseconds} ms in vain: ${description}`)),
        withinMilliseconds,
      )
      const look = () => {
        if (isMet()) resolve()
      }
      waiters.add(look)
      try {
        await promise
      } finally {
        clearTimeout(timer)
        waiters.delete(look)
      }
    },
  }
}
