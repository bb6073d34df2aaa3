/**
 * Where sessions are kept in a browser, shared by all tabs of an origin.
 *
 * @module
 */
export type { Lease, SessionRecord, SessionStore, SessionSummary } from '@authchart/core/store'
export { type IndexedDbStoreOptions, indexedDbStore } from './store/indexed-db-store.ts'
