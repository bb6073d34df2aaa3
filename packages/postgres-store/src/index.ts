/**
 * Where sessions are kept that many machines share: in PostgreSQL.
 *
 * @module
 */
export type { Lease, SessionRecord, SessionStore, SessionSummary } from '@authchart/core/store'
export type { Query, Row } from './database/query.ts'
export type { Presence } from './presence/presence.ts'
export type { Resealed } from './row/maintenance.ts'
export type { PageFilter, PageOptions } from './row/row-pages.ts'
export { type SchemaSqlOptions, schemaSql } from './schema/schema-sql.ts'
export type { KeySource, SealingKey } from './seal/key-source.ts'
export { type PostgresStore, postgresStore } from './store/postgres-store.ts'
export type { HintOptions, PostgresStoreOptions } from './store/store-options.ts'
