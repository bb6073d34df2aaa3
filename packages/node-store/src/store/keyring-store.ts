import { userInfo } from 'node:os'
import { platform } from 'node:process'
import { ConfigurationError, callable, checkOptions, required, ruleOf } from '@authchart/core/store'
import { createSessionFolder } from '../folder/session-folder.ts'
import { createKeyringEntry } from '../keyring/keyring-entry.ts'
import { keyringError } from '../keyring/keyring-errors.ts'
import { createKeyringKeySource } from '../keyring/keyring-key-source.ts'
import { findSessionBus } from '../keyring/session-bus.ts'
import { createFolderStore } from './create-folder-store.ts'
import { defaultFolder } from './default-folder.ts'
import { directoryOption } from './directory-option.ts'
import type { ListOptions } from './list-folder.ts'
import type { NodeStore } from './node-store.ts'

/** Options of `keyringStore`. */
export interface KeyringStoreOptions extends ListOptions {
  /** The name of your program, as the keyring shows it to its user, such as `acme`. */
  readonly service: string
  /**
   * The folder for this store's files alone. Default: one named after the service, in the user's home as the system
   * knows it and not as the environment says; so every process of the user shares it.
   */
  readonly directory?: string
}

const rules = {
  service: required(
    ruleOf(
      'the name of your program, such as "acme", of 200 characters at most',
      (value) => typeof value === 'string' && value.trim() !== '' && value.length <= 200 && !/\p{Cc}/u.test(value),
    ),
  ),
  directory: directoryOption,
  onUnreadable: callable,
}

/**
 * Keeps sessions in files, sealed with AES-256-GCM under a key in the operating system's keyring: Keychain, Credential
 * Manager, or a Secret Service such as gnome-keyring. One key per folder, made at the first sign-in.
 *
 * A keyring that is locked, slow or silent is answered within 3 s by a `StoreError` that can be tried again; it does not
 * sign out anyone, and on Linux it does not ask the user for a password. A user who is asked (macOS, KeePassXC) and
 * answers later has answered for the calls that follow. A keyring that is missing is `storeMissing`. Nothing is written
 * in plain text instead, nor into the kernel's keyring.
 *
 * @throws ConfigurationError for options that cannot be used; StoreError `storeMissing` where the system has no file
 *   locks, or on Linux no session bus
 * @example
 * const session = createSession({ key: 'acme:alice', store: keyringStore({ service: 'acme' }), grant })
 */
export function keyringStore(options: KeyringStoreOptions): NodeStore {
  checkOptions(options, rules)
  requireSessionBus()
  const { service, directory = defaultFolder(service, { home: homeOfRecord(), platform }), onUnreadable } = options
  const folder = createSessionFolder(directory)
  // Each folder has a key of its own: processes that share the key share the lock under which it is made.
  const entry = createKeyringEntry({ service, account: `authchart ${folder.path}` })
  return createFolderStore({
    folder,
    keySource: createKeyringKeySource(entry, folder),
    onUnreadable,
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
  if (findSessionBus().kind === 'none') throw keyringError('noSessionBus')
}
