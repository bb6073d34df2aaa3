import { memoryStore } from '@authchart/core'
import type { SessionStore } from '@authchart/core/store'

/**
 * A store that keeps sessions in memory where the other one does not work. That is found out once, by its first use: a
 * session must not wander between the two.
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
    read: async (key) => (await chosen()).read(key),
    compareAndSet: async (key, expectedRevision, next) => (await chosen()).compareAndSet(key, expectedRevision, next),
    lease: async (key, options) => (await chosen()).lease(key, options),
    check: async (key) => (await chosen()).check?.(key),
    list: async () => (await chosen()).list(),
    watch(key, listener) {
      const watches = [store.watch(key, listener), memory.watch(key, listener)]
      return () => {
        for (const unwatch of watches) unwatch()
      }
    },
  }
}
