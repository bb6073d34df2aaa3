import type { SessionStore, SessionSummary } from '@authchart/core/store'
import { isStoreError, StoreError } from '@authchart/core/store'
import { createDatabase, type Database } from '../database/database.ts'
import { textOf } from '../database/query.ts'
import { within } from '../database/time.ts'
import { lookJitter } from '../hints/look-out.ts'
import { createWatches } from '../hints/watches.ts'
import { createLeases } from '../lease/leases.ts'
import type { Presence } from '../presence/presence.ts'
import { createMaintenance, type Maintenance } from '../row/maintenance.ts'
import { createRecordCodec } from '../row/record-codec.ts'
import { createRowPages, type PageOptions } from '../row/row-pages.ts'
import { createSessionRows } from '../row/session-rows.ts'
import { createVersionCheck } from '../schema/require-version.ts'
import { createKeyring } from '../seal/key-source.ts'
import { checkErase, checkPage, checkPurge, checkReseal } from './call-options.ts'
import { type PostgresStoreOptions, readOptions } from './store-options.ts'

/** How long the check of a sign-in waits for the presence, in milliseconds. */
const presenceMilliseconds = 5_000

/** A store in PostgreSQL, shared by every process on every machine that opens it. */
export interface PostgresStore extends SessionStore, Maintenance, AsyncDisposable {
  /**
   * A part of the list, in the order of the keys' bytes: at most `limit` sessions. A page with fewer is the last.
   * @throws StoreError
   */
  page(options: PageOptions): Promise<SessionSummary[]>
  /**
   * That a sign-in under a key could be kept now: tables, rights and sealing key are there, and the primary answers.
   * @throws StoreError that says what is in the way
   */
  check(key: string): Promise<void>
  /** Ends hints and presence. Leases are given back by those who hold them: end the sessions before. */
  close(): Promise<void>
  readonly suggestedRefreshTiming: 'onUse'
}

/**
 * Keeps sessions in PostgreSQL: sealed with AES-256-GCM under a key of yours, one row each, with a lease that any number
 * of processes on any number of machines respect.
 *
 * @throws ConfigurationError for options that cannot be used
 * @example
 * const store = postgresStore({
 *   query: async (sql, parameters) => (await pool.query(sql, parameters)).rows,
 *   keys: [Buffer.from(process.env.SESSION_KEY, 'base64')], // made by: openssl rand -base64 32
 *   presence: pgPresence(() => new Client({ connectionString: directUrl })),
 * })
 */
export function postgresStore(options: PostgresStoreOptions): PostgresStore {
  const { query, keys, presence, schema, leaseMilliseconds, pace, onUnreadable } = readOptions(options)
  const unchecked = createDatabase({ query, schema })
  const requireVersion = createVersionCheck(unchecked)
  const database: Database = {
    ...unchecked,
    async run(sql, parameters) {
      await requireVersion()
      return unchecked.run(sql, parameters)
    },
  }
  const keyring = createKeyring(keys)
  const codec = createRecordCodec({ keyring, schema })
  const rows = createSessionRows({ database, codec })
  const pages = createRowPages({ database, onUnreadable })
  const watches = createWatches({ database, presence, pace })
  const leases = createLeases({ database, presence, leaseMilliseconds, onRevision: watches.found })
  const maintenance = createMaintenance({
    database,
    codec,
    keyring,
    rows,
    onErased: (key) => watches.wrote(key, { revision: undefined, tellOthers: true }),
  })

  const store: PostgresStore = {
    suggestedRefreshTiming: 'onUse',
    suggestedLookMilliseconds: pace && presence === undefined ? pace.everyMilliseconds * (1 + lookJitter) : undefined,

    async read(key) {
      const record = await rows.read(key)
      if (record?.refreshIntent === undefined) watches.read(key, record?.revision)
      else watches.sawIntent(key, record.revision)
      return record
    },

    async compareAndSet(key, expected, next, { under } = {}) {
      const held = under && leases.heldLease(under, key)
      const isWritten = await rows.compareAndSet(key, { expected, next, under: held })
      // An intent is not news: what comes of it is.
      if (isWritten && held === undefined) watches.wrote(key, { revision: next.revision, tellOthers: true })
      else if (isWritten) watches.sawIntent(key, next.revision)
      return isWritten
    },

    lease: (key, { signal }) => leases.lease(key, signal),
    watch: (key, listener) => watches.watch(key, listener),
    list: pages.list,
    async page(given) {
      checkPage(given)
      return pages.page(given)
    },

    async check(key) {
      const [row] = await database.run(
        `select bool_and(has_table_privilege(name, privilege))::text as writable
from (values ('"${schema}".session'), ('"${schema}".lease')) tables (name),
  (values ('select'), ('insert'), ('update'), ('delete')) privileges (privilege)`,
        [],
      )
      if (textOf(row, 'writable') !== 'true') throw rightsError(schema)
      await keyring.current()
      if (presence !== undefined) await startPresence(presence)
      await store.read(key).catch((error: unknown) => {
        // What a sign-in may replace is not in its way.
        if (!isStoreError(error) || (error as StoreError).replaceToken === undefined) throw error
      })
    },

    async erase(given) {
      checkErase(given)
      return maintenance.erase(given)
    },
    async purge(given) {
      checkPurge(given)
      return maintenance.purge(given)
    },
    async reseal(given) {
      checkReseal(given)
      return maintenance.reseal(given)
    },

    async close() {
      await watches.close()
      await presence?.close()
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
  return store
}

/** A process that goes on without it may be robbed of its leases: better said before a sign-in. */
async function startPresence(presence: Presence): Promise<void> {
  const late = () =>
    new StoreError(
      'storeUnavailable',
      `The connection of \`presence\` cannot be made (${presence.trouble ?? 'no answer'}): give pgPresence the address and the password of PostgreSQL itself.`,
    )
  await within(presence.start(), { milliseconds: presenceMilliseconds, late })
}

function rightsError(schema: string): StoreError {
  return new StoreError(
    'storeMissing',
    `This role of PostgreSQL may not write to the schema "${schema}": grant select, insert, update and delete on its tables.`,
  )
}
