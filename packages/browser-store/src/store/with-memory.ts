import { memoryStore } from '@authchart/core'
import type { SessionStore } from '@authchart/core/store'
import { isPassing } from '../database/database-failure.ts'

/**
 * A store that keeps sessions in memory where the other one does not work. That is found out once, by its first use: a
 * session must not wander between the two. A failure that can pass (no space, no answer) does not decide it.
 *
 * @param options `probe` rejects where the other store does not work
 */
export function withMemory(
  store: SessionStore,
  { probe, onFallback }: { probe: () => Promise<void>; onFallback: (reason: unknown) => void },
): SessionStore {
  const memory = memoryStore()
  let choice: Promise<SessionStore> | undefined

  async function choose(): Promise<SessionStore> {
    try {
      await probe()
      return store
    } catch (reason) {
      if (isPassing(reason)) {
        choice = undefined
        // Whose operations fail as the probe did, and say why.
        return store
      }
      onFallback(reason)
      return memory
    }
  }

  function chosen(): Promise<SessionStore> {
    choice ??= choose()
    return choice
  }

  return {
    suggestedRefreshTiming: 'eager',
    suggestedLookMilliseconds: store.suggestedLookMilliseconds,
    read: async (key) => (await chosen()).read(key),
    compareAndSet: async (key, expected, next) => (await chosen()).compareAndSet(key, expected, next),
    lease: async (key, options) => (await chosen()).lease(key, options),
    check: async (key) => (await chosen()).check?.(key),
    list: async () => (await chosen()).list(),
    watch(key, listener, onLost) {
      const watches = [store.watch(key, listener, onLost), memory.watch(key, listener)]
      return () => {
        for (const unwatch of watches) unwatch()
      }
    },
  }
}
