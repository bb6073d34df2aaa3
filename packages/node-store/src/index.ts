/**
 * Where sessions are kept in Node: in the operating system's keyring, or in sealed files.
 *
 * @module
 */
export type { Lease, SessionRecord, SessionStore, SessionSummary } from '@authchart/core/store'
export { type FileStoreOptions, fileStore } from './store/file-store.ts'
export { type KeyringStoreOptions, keyringStore } from './store/keyring-store.ts'
export type { NodeStore } from './store/node-store.ts'
