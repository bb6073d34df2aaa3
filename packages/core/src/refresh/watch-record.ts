import type { SessionStore } from '../store/session-store.ts'

/** Watches a record. Hints help, and are not needed: `onLost` is called where there are none. Never throws. */
export function watchRecord(
  store: SessionStore,
  { key, onHint, onLost }: { key: string; onHint: (revision?: string) => void; onLost?: () => void },
): () => void {
  try {
    const unwatch = store.watch(key, onHint, onLost)
    return () => {
      try {
        unwatch()
      } catch {
        // What it would tell is not listened to any more.
      }
    }
  } catch {
    // The app has no session to listen to yet.
    queueMicrotask(() => onLost?.())
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
