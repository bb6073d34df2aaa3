import { createSession, type SessionStore } from '@authchart/core'
import { fileStore as fileStoreOfIndex, keyringStore as keyringStoreOfIndex } from '@authchart/node-store'
import { type FileStoreOptions, fileStore, type NodeStore } from '@authchart/node-store/file'
import { type KeyringStoreOptions, keyringStore } from '@authchart/node-store/keyring'
import { expectType } from './expect-type.ts'

const store: NodeStore = fileStore({ directory: '/var/lib/acme', key: new Uint8Array(32) })
fileStore({ directory: '/var/lib/acme', unsealed: true, onUnreadable: ({ code }) => expectType<string>()(code)(false) })
// @ts-expect-error: a store that may or may not seal is nobody's wish
fileStore({ directory: '/var/lib/acme', unsealed: false })
// @ts-expect-error: a key is bytes
fileStore({ directory: '/var/lib/acme', key: 'secret' })
keyringStore({ service: 'acme' })
// @ts-expect-error: the keyring shows its user whose entry it is
keyringStore({ directory: '/var/lib/acme' })

expectType<Promise<void>>()(store.check('acme:alice'))(true)
expectType<typeof fileStore>()(fileStoreOfIndex)(true)
expectType<typeof keyringStore>()(keyringStoreOfIndex)(true)
export const contract: SessionStore = store
export const options: [FileStoreOptions, KeyringStoreOptions] = [{ directory: '' }, { service: '' }]
createSession({ key: 'acme:alice', store, grant: async () => ({ accessToken: '' }) })
