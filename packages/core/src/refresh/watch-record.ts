import type { SessionStore } from '../store/session-store.ts'

/** Watches a record. Hints are a help, not a need: a store that cannot give them is one without. Never throws. */
export function watchRecord(store: SessionStore, { key, onHint }: { key: string; onHint: () => void }): () => void {
  try {
    const unwatch = store.watch(key, onHint)
    return () => {
      try {
        unwatch()
      } catch {
        // Nobody listens any more either way.
      }
    }
  } catch {
    return () => {}
  }
}

/** The same work, once at a time: calls during it make it happen once more after it. */
export function coalesce(work: () => Promise<void>): () => void {
  let running = false
  let again = false
  async function run() {
    running = true
    do {
      again = false
      await work()
    } while (again)
    running = false
  }
  return () => {
    again = true
    if (!running) void run()
  }
}
