import { createSession, type SessionStore } from '@authchart/core'
import {
  type KeySource,
  type PostgresStore,
  type PostgresStoreOptions,
  postgresStore,
  type Query,
  schemaSql,
} from '@authchart/postgres-store'
import { type PgClient, pgPresence } from '@authchart/postgres-store/pg'
import { expectType } from './expect-type.ts'

declare const query: Query
declare const client: PgClient
declare const keySource: KeySource
/** What pools of drivers give, as far as types go. */
declare const pool: { query(sql: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }> }
declare const sql: { unsafe(text: string, parameters?: (string | null | number)[]): Promise<Record<string, unknown>[]> }

const store: PostgresStore = postgresStore({ query, keys: [new Uint8Array(32)] })
postgresStore({ query: async (text, parameters) => (await pool.query(text, parameters)).rows, keys: keySource })
postgresStore({ query: (text, parameters) => sql.unsafe(text, parameters), keys: [new Uint8Array(32)], hints: false })
postgresStore({ query, keys: keySource, presence: pgPresence(() => client), hints: { lookEveryMilliseconds: 1_000 } })
// @ts-expect-error: there is no store that does not seal
postgresStore({ query })
// @ts-expect-error: a key is bytes
postgresStore({ query, keys: ['secret'] })

expectType<string>()(schemaSql({ schema: 'acme' }))(true)
expectType<Promise<number>>()(store.erase({ prefix: 'acme:' }))(true)
// @ts-expect-error: one or the other
void store.erase({})
export const contract: SessionStore = store
export const options: PostgresStoreOptions = { query, keys: keySource }
createSession({ key: 'acme:alice', store, grant: async () => ({ accessToken: '' }) })
