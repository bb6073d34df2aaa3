import { ConfigurationError, rejectUnknownOptions } from '@authchart/core/store'
import { createSessionFolder } from '../folder/session-folder.ts'
import { createSealingKey, keyLength } from '../sealed/sealing-key.ts'
import { createFolderStore } from './create-folder-store.ts'
import type { ListOptions } from './list-folder.ts'
import type { NodeStore } from './node-store.ts'
import { requireDirectory } from './require-directory.ts'

/** Options of `fileStore`: `key` or `unsealed`, one of them. */
export interface FileStoreOptions extends ListOptions {
  /** The folder for this store's files alone. Made with mode 700 where there is none. */
  readonly directory: string
  /** 32 random bytes from your secret manager; who has them can read the tokens. */
  readonly key?: Uint8Array
  /** `true`: the tokens stand in the files as they are, for whoever can read the disk or its backups. */
  readonly unsealed?: true
}

const knownOptions = { directory: true, key: true, unsealed: true, onUnreadable: true } as const

/**
 * Keeps sessions in files, sealed with AES-256-GCM under a key that you give: for containers, CI and services, where
 * there is no keyring.
 *
 * @throws ConfigurationError for options that cannot be used; StoreError where the system has no file locks
 * @example
 * const store = fileStore({
 *   directory: '/var/lib/acme/sessions',
 *   key: Buffer.from(process.env.SESSION_KEY, 'base64'), // made by: openssl rand -base64 32
 * })
 */
export function fileStore(options: FileStoreOptions): NodeStore {
  rejectUnknownOptions(options, knownOptions)
  const folder = createSessionFolder(requireDirectory(options.directory))
  const sealingKey = readKey(options)
  return createFolderStore({
    folder,
    keySource: sealingKey && { get: async () => sealingKey },
    onUnreadable: options.onUnreadable,
  })
}

function readKey({ key, unsealed }: FileStoreOptions) {
  if (key === undefined && unsealed === true) return undefined
  if (key === undefined) {
    throw new ConfigurationError(
      'key',
      `is missing: give ${keyLength} random bytes, or say { unsealed: true } if the tokens may stand in plain text.`,
    )
  }
  if (unsealed !== undefined) throw new ConfigurationError('unsealed', 'contradicts `key`: give one of them.')
  if (!(key instanceof Uint8Array) || key.length !== keyLength) {
    throw new ConfigurationError('key', `must be a Uint8Array of ${keyLength} bytes.`)
  }
  // A copy: whoever wipes theirs does not wipe ours.
  return createSealingKey(Uint8Array.from(key))
}
