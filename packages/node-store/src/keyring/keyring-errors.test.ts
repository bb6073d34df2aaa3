import { expect, it } from 'vitest'
import { toKeyringError } from './keyring-errors.ts'

const prefix = "Couldn't access platform storage: "

it.each([
  [`${prefix}Secret Service: unlock prompt was dismissed`, 'storeLocked', /was refused/],
  [`${prefix}Secret Service: prompt dismissed`, 'storeLocked', /was refused/],
  ['User canceled the operation.', 'storeLocked', /was refused/],
  [`${prefix}Secret Service: object locked`, 'storeLocked', /Unlock it/],
  ['User interaction is not allowed.', 'storeLocked', /Unlock it/],
  [`${prefix}Windows ERROR_NO_SUCH_LOGON_SESSION`, 'storeMissing', /this logon session/],
  ['Platform failure: no secret service provider or dbus session found', 'storeMissing', /no keyring service/],
  ['No DBus session or Secret Service provider found', 'storeMissing', /no keyring service/],
  [
    'DBus error: The name org.freedesktop.secrets was not provided by any .service files',
    'storeMissing',
    /no keyring service/,
  ],
  [
    'Platform failure: DBus error: Failed to connect to socket /tmp/dbus-x: No such file',
    'storeMissing',
    /no session bus/,
  ],
  [
    'DBus error: Using X11 for dbus-daemon autolaunch was disabled, set your DBUS_SESSION_BUS_ADDRESS',
    'storeMissing',
    /no session bus/,
  ],
  [`${prefix}Secret Service: no result found`, 'storeMissing', /no default keyring/],
  [
    'Cannot find native binding. npm has a bug related to optional dependencies',
    'storeMissing',
    /no build for this system/,
  ],
  [
    'Platform failure: DBus error: Did not receive a reply. Possible causes include: …',
    'storeUnavailable',
    /tried again/,
  ],
  ['something that was never seen before', 'storeUnavailable', /tried again/],
])('P50 what the keyring says as "%s" is %s, with advice of its own', (said, code, advice) => {
  const error = toKeyringError(new Error(said))
  expect(error).toMatchObject({ name: 'StoreError', code, message: expect.stringMatching(advice) })
  expect(error.message).toContain(said.slice(0, 60))
  if (code === 'storeMissing') expect(error.message).toMatch(/fileStore\(\{ directory, key \}\)/)
})

it('P55 passes on what the keyring said, but not the key, should it be quoted', () => {
  const { message, cause } = toKeyringError(new Error('cannot set "the-secret-key" here'), 'the-secret-key')
  expect(message).toContain('cannot set "[redacted]" here')
  expect(cause).toBeUndefined()
})
