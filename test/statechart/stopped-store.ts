import { memoryStore, type SessionStore, StoreError } from '@authchart/core'
import type { SessionRecord } from '@authchart/core/store'

/** What a store can be stopped at: a read, the write of an intent, of new tokens or of a tombstone, and the lease. */
export type Stop = (typeof everyStop)[number]

export const everyStop = ['read', 'intent', 'tokens', 'tombstone', 'lease'] as const

/** A memory store that does each of the steps above only when a test lets it. */
export interface StoppedStore extends SessionStore {
  /** The same store, for somebody whom nothing stops. */
  readonly inside: SessionStore
  /** Lets all that wait there go on, and all who come later. */
  open(stop: Stop): void
  close(stop: Stop): void
  /** Fails whoever waits there. */
  fail(stop: Stop): void
}

/** A new store, stopped everywhere. */
export function createStoppedStore(): StoppedStore {
  const inside = memoryStore()
  const waiting = new Map<Stop, PromiseWithResolvers<void>[]>()
  const closed = new Set<Stop>(everyStop)

  async function pass(stop: Stop | undefined) {
    if (stop === undefined || !closed.has(stop)) return
    const turn = Promise.withResolvers<void>()
    waiting.set(stop, [...(waiting.get(stop) ?? []), turn])
    await turn.promise
  }

  function takeWaiting(stop: Stop): PromiseWithResolvers<void>[] {
    const turns = waiting.get(stop) ?? []
    waiting.delete(stop)
    return turns
  }

  return {
    inside,
    open(stop) {
      closed.delete(stop)
      for (const { resolve } of takeWaiting(stop)) resolve()
    },
    close: (stop) => void closed.add(stop),
    fail(stop) {
      for (const { reject } of takeWaiting(stop))
        reject(new StoreError('storeUnavailable', 'The store is out of order.'))
    },
    async read(key) {
      await pass('read')
      return inside.read(key)
    },
    async compareAndSet(key, expectedRevision, next) {
      await pass(stopOf(await inside.read(key), next))
      return inside.compareAndSet(key, expectedRevision, next)
    },
    async lease(key, options) {
      await pass('lease')
      return inside.lease(key, options)
    },
    watch: (key, listener) => inside.watch(key, listener),
    list: () => inside.list(),
  }
}

/** A sign-in, a failure and an end are written without a stop. */
function stopOf(before: SessionRecord | undefined, next: SessionRecord): Stop | undefined {
  if (next.status === 'signedOut') return 'tombstone'
  if (before === undefined || next.signInId !== before.signInId || next.status !== 'signedIn') return undefined
  if (next.generation > before.generation) return 'tokens'
  return next.refreshIntent !== undefined && before.refreshIntent === undefined ? 'intent' : undefined
}
