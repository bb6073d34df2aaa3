import { type PostgresStore, postgresStore } from '@authchart/postgres-store'
import { pgPresence } from '@authchart/postgres-store/pg'
import { Client, Pool } from 'pg'
import type { Configuration } from './configuration.ts'
import { queryPrimary } from './shared-pglite.ts'

/** The store of all grants, and what ends its connections. */
export interface OpenStore extends AsyncDisposable {
  readonly store: PostgresStore
}

/** PostgreSQL by its URL, with a presence; else the PGlite of the primary process. */
export function openStore({ databaseUrl, databaseDirectUrl, sessionKey }: Configuration): OpenStore {
  const keys = [sessionKey]
  if (databaseUrl === undefined) {
    // Without a presence, the lease of a process that was killed has to run out: a short one, here.
    const pace = { leaseMilliseconds: 5_000, hints: { lookEveryMilliseconds: 2_000 } }
    const store = postgresStore({ query: queryPrimary, keys, ...pace })
    return { store, [Symbol.asyncDispose]: () => store.close() }
  }
  const pool = new Pool({ connectionString: databaseUrl, max: 8, connectionTimeoutMillis: 5_000 })
  // A connection that ends while it is idle: the next statement gets another.
  pool.on('error', () => {})
  const store = postgresStore({
    query: async (sql, parameters) => (await pool.query(sql, parameters)).rows,
    keys,
    presence: pgPresence(() => new Client({ connectionString: databaseDirectUrl })),
  })
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close()
      await pool.end()
    },
  }
}
