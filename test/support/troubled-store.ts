import { memoryStore, type SessionStore, StoreError, type StoreErrorCode } from '@authchart/core'
import type { SessionRecord } from '@authchart/core/store'

/** What goes wrong with an operation. */
export type Trouble =
  /** It throws a `StoreError`, having done nothing. */
  | 'fails'
  /** It is done, and throws all the same. */
  | 'failsAfterwards'
  /** It never answers, having done nothing. */
  | 'hangs'
  /** It throws what no store should: an error that quotes what it was given. */
  | 'throwsForeignError'

/** Which operations are struck, and how often. */
export interface TroubleOptions {
  /** Default `Infinity`: until `heal`. */
  readonly times?: number
  /** Writes only that carry such a record. */
  readonly when?: (next: SessionRecord) => boolean
  /** Default `storeUnavailable`. */
  readonly code?: StoreErrorCode
}

type Operation = 'read' | 'compareAndSet' | 'lease' | 'watch'

/** A memory store behind a line that can be bad. */
export interface TroubledStore extends SessionStore {
  /** Troubles an operation; a second call for the same operation replaces the first. */
  trouble(operation: Operation, trouble: Trouble, options?: TroubleOptions): void
  /** Ends all trouble. */
  heal(): void
  /** How often each operation was asked for. */
  readonly calls: Readonly<Record<Operation, number>>
  /** What was written, oldest first. */
  readonly written: readonly SessionRecord[]
  /** How many watches are open. */
  readonly watches: number
  /** How many leases are held. */
  readonly leases: number
  /** What the store holds under a key, whatever trouble there is. */
  peek(key: string): Promise<SessionRecord | undefined>
}

/** Puts a bad line before a store, default a new memory store; nothing is bad yet. */
export function createTroubledStore(store: SessionStore = memoryStore()): TroubledStore {
  const troubles = new Map<Operation, { trouble: Trouble; remaining: number } & TroubleOptions>()
  const calls = { read: 0, compareAndSet: 0, lease: 0, watch: 0 }
  const written: SessionRecord[] = []
  let watches = 0
  let leases = 0

  function strike(operation: Operation, next?: SessionRecord) {
    calls[operation] += 1
    const armed = troubles.get(operation)
    if (armed === undefined || armed.remaining <= 0) return undefined
    if (next !== undefined && armed.when?.(next) === false) return undefined
    armed.remaining -= 1
    return armed
  }

  async function suffer<Value>(operation: Operation, act: () => Promise<Value>, next?: SessionRecord): Promise<Value> {
    const armed = strike(operation, next)
    switch (armed?.trouble) {
      case undefined:
        return act()
      case 'hangs':
        return new Promise<never>(() => {})
      case 'throwsForeignError':
        throw new RangeError(`cannot clone ${JSON.stringify(next ?? operation)}`)
      case 'failsAfterwards':
        await act()
        throw createTroubleError(armed.code)
      case 'fails':
        throw createTroubleError(armed.code)
    }
  }

  return {
    trouble: (operation, trouble, options = {}) =>
      void troubles.set(operation, { trouble, remaining: Number.POSITIVE_INFINITY, ...options, ...timesOf(options) }),
    heal: () => troubles.clear(),
    calls,
    written,
    get watches() {
      return watches
    },
    get leases() {
      return leases
    },
    peek: (key) => store.read(key),
    read: (key) => suffer('read', () => store.read(key)),
    compareAndSet: (key, expectedRevision, next) =>
      suffer(
        'compareAndSet',
        async () => {
          const isWritten = await store.compareAndSet(key, expectedRevision, next)
          if (isWritten) written.push(next)
          return isWritten
        },
        next,
      ),
    lease: (key, options) =>
      suffer('lease', async () => {
        const lease = await store.lease(key, options)
        leases += 1
        return {
          lost: lease.lost,
          async [Symbol.asyncDispose]() {
            leases -= 1
            await lease[Symbol.asyncDispose]()
          },
        }
      }),
    watch(key, listener) {
      if (strike('watch') !== undefined) throw createTroubleError()
      const unwatch = store.watch(key, listener)
      watches += 1
      return () => {
        watches -= 1
        unwatch()
      }
    },
    list: () => store.list(),
  }
}

function timesOf({ times }: TroubleOptions): { remaining?: number } {
  return times === undefined ? {} : { remaining: times }
}

function createTroubleError(code: StoreErrorCode = 'storeUnavailable'): StoreError {
  return new StoreError(code, 'The line to the store is bad; try again later.')
}
