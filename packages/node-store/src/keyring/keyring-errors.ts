import { StoreError, type StoreErrorCode } from '@authchart/core/store'

/** Why the keyring did not do what was asked of it. */
export type KeyringTrouble =
  | 'locked'
  | 'dismissed'
  | 'late'
  | 'silent'
  | 'noSessionBus'
  | 'noService'
  | 'noDefaultKeyring'
  | 'noLogonSession'
  | 'noBinding'
  | 'unknown'

/**
 * What the messages of `@napi-rs/keyring` mean, which is all that tells its errors apart: every one is an `Error` with
 * the code `GenericFailure`. They come from the crates behind it: dbus-secret-service, apple-native-keyring-store,
 * windows-native-keyring-store.
 */
const meanings: readonly { readonly says: RegExp; readonly trouble: KeyringTrouble }[] = [
  // macOS: -128 for a prompt that was cancelled, -25293 for "Deny" (SecBase.h).
  {
    says: /prompt (was )?dismissed|user cancell?ed the operation|passphrase you entered is not correct/i,
    trouble: 'dismissed',
  },
  { says: /object locked|IsLocked|interaction is not allowed/i, trouble: 'locked' },
  // https://github.com/open-source-cooperative/windows-native-keyring-store/blob/main/src/utils.rs
  { says: /ERROR_NO_SUCH_LOGON_SESSION/, trouble: 'noLogonSession' },
  {
    says: /set your DBUS_SESSION_BUS_ADDRESS|Failed to connect to (socket|address)|Failed to open.*autolaunch/i,
    trouble: 'noSessionBus',
  },
  {
    says: /no (secret service|DBus session)|not provided by any \.service files|ServiceUnknown/i,
    trouble: 'noService',
  },
  // Of a write: there is no default collection that an entry could be put into.
  { says: /Secret Service: no result found|default keychain could not be found/i, trouble: 'noDefaultKeyring' },
  { says: /Cannot find native binding|Failed to load native binding/i, trouble: 'noBinding' },
]

/** What can be used where there is no keyring. */
const alternative =
  'Or keep sessions in files, sealed with a key of your own: fileStore({ directory, key }) of @authchart/node-store/file.'

const advice: Readonly<Record<KeyringTrouble, readonly [StoreErrorCode, string]>> = {
  locked: ['storeLocked', 'The keyring is locked. Unlock it; then the session goes on by itself.'],
  dismissed: [
    'storeLocked',
    'The keyring asked for permission, and that was refused. Try again in half a minute, and allow it.',
  ],
  late: [
    'storeUnavailable',
    'The keyring has not answered yet; it may be waiting for your permission. Its answer counts when it comes: then try again.',
  ],
  silent: [
    'storeUnavailable',
    'The keyring service is there, but does not answer. The session is as it was; it is tried again.',
  ],
  noSessionBus: [
    'storeMissing',
    `There is no session bus, and so no keyring, as in services, cron jobs, containers, and ssh sessions without a login. Run the program in a login session. ${alternative}`,
  ],
  noService: [
    'storeMissing',
    `There is no keyring service on the session bus. Install and start one, such as gnome-keyring, KWallet or KeePassXC. ${alternative}`,
  ],
  noDefaultKeyring: [
    'storeMissing',
    `The keyring service has no default keyring. Create one with its own program. ${alternative}`,
  ],
  noLogonSession: [
    'storeMissing',
    `Windows has no Credential Manager for this logon session, as in services and over ssh with a key. Log on with a password. ${alternative}`,
  ],
  noBinding: [
    'storeMissing',
    `The keyring addon (@napi-rs/keyring) has no build for this system, or it was not installed. ${alternative}`,
  ],
  unknown: [
    'storeUnavailable',
    'The keyring did not do what was asked of it. The session is as it was; it is tried again.',
  ],
}

/** What an error of the keyring library means. */
export function keyringTroubleOf(error: unknown): KeyringTrouble {
  const said = error instanceof Error ? error.message : String(error)
  return meanings.find(({ says }) => says.test(said))?.trouble ?? 'unknown'
}

/** The error that callers get. The keyring's own words are kept, but for the key, should they quote it. */
export function toKeyringError(error: unknown, secret?: string): StoreError {
  const said = error instanceof Error ? error.message : String(error)
  const words = secret === undefined ? said : said.replaceAll(secret, '[redacted]')
  return keyringError(keyringTroubleOf(error), (words.split('\n')[0] ?? '').slice(0, 200))
}

/** An error of the keyring, with what to do about it. */
export function keyringError(trouble: KeyringTrouble, said?: string): StoreError {
  const [code, message] = advice[trouble]
  return new StoreError(code, said === undefined ? message : `${message} (${said})`)
}
