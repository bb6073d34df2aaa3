export { type KeyringStoreOptions, keyringStore } from './store/keyring-store.ts'
export type { NodeStore } from './store/node-store.ts'
