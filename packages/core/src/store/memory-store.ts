import { createFairQueue } from './fair-queue.ts'
import { type SessionRecord, summarizeRecord } from './session-record.ts'
import type { Lease, SessionStore } from './session-store.ts'

/**
 * A store that forgets when the program ends: for tests, for services that sign in anew at each start, and for pages
 * that must not keep a session. Sessions that are given the same memory store share what it holds.
 */
export function memoryStore(): SessionStore {
  const records = new Map<string, SessionRecord>()
  const listeners = new Map<string, readonly (() => void)[]>()
  const takeTurn = createFairQueue()

  function announce(key: string) {
    for (const entry of listeners.get(key) ?? []) {
      // A watch that was ended before its turn came is not called any more.
      queueMicrotask(() => listeners.get(key)?.includes(entry) && entry())
    }
  }

  return {
    async read(key) {
      const record = records.get(key)
      return record === undefined ? undefined : structuredClone(record)
    },

    async compareAndSet(key, expected, next) {
      // Always a revision: what is in memory can be read.
      if (records.get(key)?.revision !== expected) return false
      records.set(key, structuredClone(next))
      announce(key)
      return true
    },

    async lease(key, { signal }) {
      return createLease(await takeTurn(key, signal))
    },

    watch(key, listener) {
      // One entry per call, so that watching twice with the same function takes two calls to undo.
      const entry = () => listener()
      listeners.set(key, [...(listeners.get(key) ?? []), entry])
      return () => {
        const others = listeners.get(key)?.filter((other) => other !== entry) ?? []
        if (others.length > 0) listeners.set(key, others)
        else listeners.delete(key)
      }
    },

    async list() {
      return [...records].map(([key, record]) => summarizeRecord(key, record))
    },
  }
}

function createLease(release: () => void): Lease {
  return {
    // Within one process a lease cannot be lost: this signal never aborts.
    lost: new AbortController().signal,
    async [Symbol.asyncDispose]() {
      release()
    },
  }
}
