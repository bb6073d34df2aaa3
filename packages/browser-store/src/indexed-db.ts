/**
 * The store in IndexedDB alone.
 *
 * @module
 */
export { type IndexedDbStoreOptions, indexedDbStore } from './store/indexed-db-store.ts'
