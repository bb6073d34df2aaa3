import { StoreError, type StoreErrorCode } from '@authchart/core/store'

/**
 * What the messages of `@napi-rs/keyring` mean, which is all that tells its errors apart: every one is an `Error` with
 * the code `GenericFailure`. They come from the crates behind it: dbus-secret-service, apple-native-keyring-store,
 * windows-native-keyring-store.
 */
const meanings: readonly { readonly says: RegExp; readonly code: StoreErrorCode }[] = [
  { says: /object locked|IsLocked|prompt (was )?dismissed|interaction is not allowed/i, code: 'storeLocked' },
  { says: /no (secret service|DBus session)|set your DBUS_SESSION_BUS_ADDRESS/i, code: 'storeMissing' },
  { says: /Failed to connect to (socket|address)|Failed to open.*autolaunch/i, code: 'storeMissing' },
  { says: /not provided by any \.service files|ServiceUnknown/i, code: 'storeMissing' },
  // Of a write: there is no default collection that an entry could be put into.
  { says: /Secret Service: no result found|default keychain could not be found/i, code: 'storeMissing' },
  { says: /Cannot find native binding|Failed to load native binding/i, code: 'storeMissing' },
]

/** What can be kept instead, for who has no keyring. */
const alternatives =
  'Keep sessions in files instead, sealed with a key of your own: fileStore({ directory, key }) of @authchart/node-store/file'

const advice: Readonly<Partial<Record<StoreErrorCode, string>>> = {
  storeLocked: 'The keyring is locked: unlock it, then it goes on by itself.',
  storeMissing: `There is no keyring here that could be used (on Linux: a Secret Service such as gnome-keyring, KWallet or KeePassXC on the session bus). ${alternatives}.`,
  storeUnavailable: 'The keyring did not do what was asked of it; the session is as it was, and it is tried again.',
}

/** What a failure of the keyring means. The keyring's own words are kept, but for the key, should they quote it. */
export function toKeyringError(error: unknown, secret?: string): StoreError {
  const said = error instanceof Error ? error.message : String(error)
  const code = meanings.find(({ says }) => says.test(said))?.code ?? 'storeUnavailable'
  const words = secret === undefined ? said : said.replaceAll(secret, '[redacted]')
  return keyringError(code, firstLine(words))
}

/** An error of the keyring, with what to do about it. */
export function keyringError(code: StoreErrorCode, said: string): StoreError {
  return new StoreError(code, `${advice[code] ?? ''} (${said})`.trim())
}

/** The one way of having no keyring that is known before asking. */
export function noSessionBus(): StoreError {
  return keyringError('storeMissing', 'there is no session bus')
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 200)
}
