import { type PostgresStore, type PostgresStoreOptions, postgresStore, type Query } from '@authchart/postgres-store'
import { pgPresence } from '@authchart/postgres-store/pg'
import { Client, Pool } from 'pg'

/** How a process opens the store, as it can be said in JSON. */
export interface PostgresStoreInput {
  /** For the pool: the server, or a pooler before it. */
  readonly url: string
  readonly poolSize?: number
  /** The server's own address, for the presence; absent: a row alone. */
  readonly presenceUrl?: string
  /** In base64. */
  readonly key: string
  readonly leaseMilliseconds?: number
  readonly hints?: PostgresStoreOptions['hints']
}

/** A store with its pool. */
export interface OpenPostgresStore extends AsyncDisposable {
  readonly store: PostgresStore
  /** How many statements it has run. */
  readonly statements: { count: number }
  /** How many notifications have come to its presence. */
  readonly notifications: { count: number }
}

/** Opens it. `onStatement` is called as each statement is sent. */
export function openPostgresStore(
  { url, poolSize = 4, presenceUrl, key, leaseMilliseconds, hints }: PostgresStoreInput,
  onStatement: (sql: string) => void = () => {},
): OpenPostgresStore {
  const pool = new Pool({ connectionString: url, max: poolSize, connectionTimeoutMillis: 5_000 })
  pool.on('error', () => {})
  const statements = { count: 0 }
  const notifications = { count: 0 }
  const createClient = () =>
    new Client({ connectionString: presenceUrl }).on('notification', () => (notifications.count += 1))
  const query: Query = async (sql, parameters) => {
    statements.count += 1
    const answer = pool.query(sql, parameters)
    onStatement(sql)
    return (await answer).rows
  }
  const store = postgresStore({
    query,
    keys: [Buffer.from(key, 'base64')],
    presence: presenceUrl === undefined ? undefined : pgPresence(createClient),
    leaseMilliseconds,
    hints,
  })
  return {
    store,
    statements,
    notifications,
    async [Symbol.asyncDispose]() {
      await store.close()
      await pool.end()
    },
  }
}
