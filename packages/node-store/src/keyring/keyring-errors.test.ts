import { expect, it } from 'vitest'
import { toKeyringError } from './keyring-errors.ts'

const prefix = "Couldn't access platform storage: "

it.each([
  [`${prefix}Secret Service: unlock prompt was dismissed`, 'storeLocked'],
  [`${prefix}Secret Service: object locked`, 'storeLocked'],
  ['User interaction is not allowed.', 'storeLocked'],
  ['Platform failure: no secret service provider or dbus session found', 'storeMissing'],
  ['No DBus session or Secret Service provider found', 'storeMissing'],
  ['Platform failure: DBus error: Failed to connect to socket /tmp/dbus-x: No such file or directory', 'storeMissing'],
  ['DBus error: The name org.freedesktop.secrets was not provided by any .service files', 'storeMissing'],
  ['DBus error: Using X11 for dbus-daemon autolaunch was disabled, set your DBUS_SESSION_BUS_ADDRESS', 'storeMissing'],
  [`${prefix}Secret Service: no result found`, 'storeMissing'],
  ['Cannot find native binding. npm has a bug related to optional dependencies', 'storeMissing'],
  ['Platform failure: DBus error: Did not receive a reply. Possible causes include: …', 'storeUnavailable'],
  ['something that nobody has seen yet', 'storeUnavailable'],
])('P50 what the keyring says as "%s" is %s', (message, code) => {
  expect(toKeyringError(new Error(message))).toMatchObject({ name: 'StoreError', code })
})

it('P55 passes on what the keyring said, but not the key, should it be quoted', () => {
  const { message, cause } = toKeyringError(new Error('cannot set "the-secret-key" here'), 'the-secret-key')
  expect(message).toContain('cannot set "[redacted]" here')
  expect(cause).toBeUndefined()
})
