import { userInfo } from 'node:os'
import { platform } from 'node:process'
import { ConfigurationError, rejectUnknownOptions } from '@authchart/core/store'
import { createSessionFolder } from '../folder/session-folder.ts'
import { createKeyringEntry } from '../keyring/keyring-entry.ts'
import { noSessionBus } from '../keyring/keyring-errors.ts'
import { createKeyringKeySource } from '../keyring/keyring-key-source.ts'
import { findSessionBus } from '../keyring/session-bus.ts'
import { createFolderStore } from './create-folder-store.ts'
import { defaultFolder } from './default-folder.ts'
import type { ListOptions } from './list-folder.ts'
import type { NodeStore } from './node-store.ts'
import { requireDirectory } from './require-directory.ts'

/** Options of `keyringStore`. */
export interface KeyringStoreOptions extends ListOptions {
  /** The name of your program, as the keyring shows it to its user, such as `acme`. */
  readonly service: string
  /**
   * The folder for this store's files alone. Default: one named after the service, in the user's home as the system
   * knows it, whatever the environment says; so every process of the user shares it.
   */
  readonly directory?: string
}

const knownOptions = { service: true, directory: true, onUnreadable: true } as const

/**
 * Keeps sessions in files, sealed with AES-256-GCM under a key in the operating system's keyring: Keychain, Credential
 * Manager, or a Secret Service such as gnome-keyring. One key per folder, made at the first sign-in.
 *
 * A keyring that is locked, slow or mute is answered within 3 s by a `StoreError` that can be tried again; it never
 * signs anybody out, and nobody is asked for a password. One that is missing is `storeMissing`. Nothing is written in
 * plain text instead, nor into the kernel's keyring.
 *
 * @throws ConfigurationError for options that cannot be used; StoreError `storeMissing` where the system has no file
 *   locks, or on Linux no session bus
 * @example
 * const session = createSession({ key: 'acme:alice', store: keyringStore({ service: 'acme' }), grant })
 */
export function keyringStore(options: KeyringStoreOptions): NodeStore {
  rejectUnknownOptions(options, knownOptions)
  const service = requireService(options.service)
  requireSessionBus()
  const directory =
    options.directory === undefined
      ? defaultFolder(service, { home: homeOfRecord(), platform })
      : requireDirectory(options.directory)
  const folder = createSessionFolder(directory)
  // Each folder has a key of its own: whoever shares the key shares the lock under which it is made.
  const entry = createKeyringEntry({ service, account: `authchart ${folder.path}` })
  return createFolderStore({
    folder,
    keySource: createKeyringKeySource(entry, folder),
    onUnreadable: options.onUnreadable,
  })
}

/** Not what `HOME` says. */
function homeOfRecord(): string {
  try {
    return userInfo().homedir
  } catch {
    // As with the random user numbers of some containers.
    throw new ConfigurationError('directory', 'must be given: the user of this process has no home of record.')
  }
}

/** Without one there is no keyring for sure; all else comes out when it is asked. */
function requireSessionBus(): void {
  if (platform === 'linux' && findSessionBus().kind === 'none') throw noSessionBus()
}

function requireService(service: unknown): string {
  if (typeof service === 'string' && service.trim() !== '' && service.length <= 200 && !/\p{Cc}/u.test(service)) {
    return service
  }
  throw new ConfigurationError(
    'service',
    'must be the name of your program, such as "acme", of 200 characters at most.',
  )
}
