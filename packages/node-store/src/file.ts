export { type FileStoreOptions, fileStore } from './store/file-store.ts'
export type { NodeStore } from './store/node-store.ts'
