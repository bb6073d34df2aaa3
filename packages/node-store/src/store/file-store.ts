import { ConfigurationError, callable, checkOptions, flag, required, ruleOf } from '@authchart/core/store'
import { createSessionFolder } from '../folder/session-folder.ts'
import { createFixedKeys, createSealingKey, type KeySource, keyLength } from '../sealed/sealing-key.ts'
import { createFolderStore } from './create-folder-store.ts'
import { directoryOption } from './directory-option.ts'
import type { ListOptions } from './list-folder.ts'
import type { NodeStore } from './node-store.ts'

/** Options of `fileStore`: one of `key`, `keys` and `unsealed`. */
export interface FileStoreOptions extends ListOptions {
  /** The folder for this store's files alone. Made with mode 700 where there is none. */
  readonly directory: string
  /** 32 random bytes from your secret manager; with them the tokens can be read. Needed, unless there are `keys`. */
  readonly key?: Uint8Array
  /**
   * The same, for a key that changes: the first key seals, and all of them open. Add the new one as the last; once every
   * process has it, put it first. A session is sealed anew at its next refresh; leave the old key out once no session is
   * sealed under it. Needed, unless there is `key`.
   */
  readonly keys?: readonly Uint8Array[]
  /** `true`: the tokens are written to the files as they are, for all who can read the disk or its backups. Default: sealed. */
  readonly unsealed?: true
  /**
   * `true`: the members of a folder's group may have access to it and to the folders above it. For volumes whose group a
   * container runtime sets, such as `fsGroup` of Kubernetes.
   *
   * It gives up this: each process with that group can remove or replace the store's files, put an older record back,
   * and take its locks away. Without the sealing key it cannot read tokens, unless the store is `unsealed`. Default
   * `false`: such folders are refused.
   */
  readonly trustGroup?: boolean
}

const isKey = (value: unknown) => value instanceof Uint8Array && value.length === keyLength

const rules = {
  directory: required(directoryOption),
  key: ruleOf(`a Uint8Array of ${keyLength} bytes`, isKey),
  keys: ruleOf(
    `an array of one or more Uint8Arrays of ${keyLength} bytes`,
    (value) => Array.isArray(value) && value.length > 0 && value.every(isKey),
  ),
  unsealed: ruleOf('true, or absent', (value) => value === true),
  trustGroup: flag,
  onUnreadable: callable,
}

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
  checkOptions(options, rules)
  const { directory, trustGroup, onUnreadable } = options
  return createFolderStore({
    folder: createSessionFolder(directory, { trustGroup }),
    keySource: readKeys(options),
    onUnreadable,
  })
}

function readKeys({ key, keys, unsealed }: FileStoreOptions): KeySource | undefined {
  if (key !== undefined && keys !== undefined) throw contradiction('keys', 'key')
  const given = keys ?? (key && [key])
  if (given === undefined && unsealed === true) return undefined
  if (given === undefined) {
    throw new ConfigurationError(
      'key',
      `is missing: give ${keyLength} random bytes, or say { unsealed: true } if the tokens may be kept in plain text.`,
    )
  }
  if (unsealed !== undefined) throw contradiction('unsealed', key === undefined ? 'keys' : 'key')
  // Copies: an app that wipes its bytes does not wipe ours.
  return createFixedKeys(given.map((bytes) => createSealingKey(Uint8Array.from(bytes))))
}

function contradiction(option: string, other: string): ConfigurationError {
  return new ConfigurationError(option, `contradicts \`${other}\`: give one of them.`)
}
