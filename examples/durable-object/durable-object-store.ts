import { memoryStore } from '@authchart/core'
import { parseSessionRecord, type SessionStore, StoreError, summarizeRecord } from '@authchart/core/store'

/** As much of a Durable Object's storage (the kind with SQLite) as is used here. */
export interface ObjectStorage {
  readonly kv: {
    get(key: string): unknown
    put(key: string, value: unknown): void
    list(): Iterable<[string, unknown]>
  }
  /** Resolves once all that was put is on disk. */
  sync(): Promise<void>
}

/**
 * A store in the storage of a Durable Object. Open it once for each object, in its constructor.
 *
 * There is one object of a name in the world, so its memory has the leases and the hints for all who use it. Should an
 * older one still run somewhere, its storage refuses it, and what it was about to do fails before a token is sent.
 */
export function durableObjectStore(storage: ObjectStorage): SessionStore {
  const { lease } = memoryStore()
  const watches = new Set<{ readonly key: string; readonly listener: () => void }>()

  function read(key: string) {
    const value = storage.kv.get(nameOf(key))
    if (value === undefined) return undefined
    const parsed = parseSessionRecord(value)
    if (parsed.kind === 'record') return parsed.record
    // Nothing is torn here: what cannot be read was written by another program.
    if (parsed.kind === 'malformed')
      throw new StoreError('recordUnreadable', `The session is not read: ${parsed.problem}.`)
    throw new StoreError('recordFromNewerVersion', 'A newer version of authchart wrote the session. Update this one.')
  }

  return {
    lease,
    read: async (key) => read(key),

    async compareAndSet(key, expected, next) {
      if (read(key)?.revision !== expected) return false
      try {
        // Nothing comes between the comparison and this: neither waits.
        storage.kv.put(nameOf(key), next)
        await storage.sync()
      } catch (error) {
        throw new StoreError('storeUnavailable', 'The storage of the Durable Object cannot be written.', {
          cause: error,
        })
      }
      for (const watch of watches) if (watch.key === key) queueMicrotask(() => watches.has(watch) && watch.listener())
      return true
    },

    watch(key, listener) {
      const watch = { key, listener }
      watches.add(watch)
      return () => void watches.delete(watch)
    },

    async list() {
      return [...storage.kv.list()].flatMap(([name, value]) => {
        const parsed = parseSessionRecord(value)
        return parsed.kind === 'record' ? [summarizeRecord(JSON.parse(name) as string, parsed.record)] : []
      })
    },
  }
}

/** As JSON, since lone surrogates would all become the same bytes. */
function nameOf(key: string): string {
  return JSON.stringify(key)
}
