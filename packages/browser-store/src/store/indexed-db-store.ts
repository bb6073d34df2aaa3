import type { SessionStore, StoreError } from '@authchart/core/store'
import { createRecordChannel } from '../channel/record-channel.ts'
import { describeDatabaseFailure } from '../database/database-failure.ts'
import { requirePageAbilities } from '../database/page-abilities.ts'
import { createSessionDatabase } from '../database/session-database.ts'
import { acquireWebLock } from '../lock/web-lock.ts'
import { createKeptKey } from '../seal/kept-key.ts'
import { type IndexedDbStoreOptions, resolveStoreOptions } from './store-options.ts'
import { createStoredRecords } from './stored-records.ts'
import { withMemory } from './with-memory.ts'

export type { IndexedDbStoreOptions } from './store-options.ts'

/**
 * Keeps sessions in IndexedDB, shared by all tabs and workers of the origin; tabs take turns by Web Locks and hear of
 * each other by BroadcastChannel.
 *
 * The tokens are sealed with a key that the browser uses but gives to no script: a copy of the profile holds no token that
 * can be read. Script that runs in the page is not kept from them.
 *
 * Safe to import and call where a page is rendered on a server: the browser is first asked when a session is opened.
 * Its methods throw a `StoreError`: `storeUnavailable` where IndexedDB is missing or refused, is over its quota or fails;
 * `storeMissing` where the page is not a secure context, or the browser does not keep a `CryptoKey`.
 *
 * @throws ConfigurationError for an option that is malformed or unknown
 * @example
 * const session = createSession({ key: 'acme', store: indexedDbStore(), grant, allowedOrigins })
 */
export function indexedDbStore(options: IndexedDbStoreOptions = {}): SessionStore {
  const { database: name, fallback, onFallback } = resolveStoreOptions(options)
  const channel = createRecordChannel(`authchart:${name}`)
  const database = createSessionDatabase(name, { onLost: channel.hintAtAll })
  // In a turn of its own: what it throws is the page's to report, and must not keep the session from its store.
  const tell = (reason: StoreError) => queueMicrotask(() => onFallback(reason))
  const keptKey = createKeptKey(database, { isRawAllowed: fallback === 'rawKey', onRaw: tell })
  const records = createStoredRecords(database, keptKey)

  async function inPage<Value>(work: () => Promise<Value>): Promise<Value> {
    requirePageAbilities()
    try {
      return await work()
    } catch (error) {
      throw describeDatabaseFailure(error, name)
    }
  }

  const store: SessionStore = {
    suggestedRefreshTiming: 'eager',
    suggestedLookMilliseconds: 5_000,
    read: (key) => inPage(() => records.read(key)),
    compareAndSet: (key, expected, next) =>
      inPage(async () => {
        const isWritten = await records.compareAndSet(key, expected, next)
        if (isWritten) channel.announce({ key, generation: next.generation, status: next.status })
        return isWritten
      }),
    async lease(key, { signal }) {
      requirePageAbilities()
      return acquireWebLock(key, { database: name, signal })
    },
    check: () => inPage(() => records.tryToWrite()),
    watch: channel.watch,
    list: () => inPage(() => records.list()),
  }
  if (fallback !== 'memory') return store
  return withMemory(store, {
    async probe() {
      requirePageAbilities()
      await records.proveKey()
    },
    onFallback: (reason) => tell(describeDatabaseFailure(reason, name)),
  })
}
