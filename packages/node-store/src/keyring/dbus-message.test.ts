import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTemporaryFolder, type TemporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { askSecretService } from './ask-secret-service.ts'
import { formatMethodCall, readBooleanVariant, readMessage } from './dbus-message.ts'
import { findSessionBus, parseBusAddress } from './session-bus.ts'

describe('a message', () => {
  const call = formatMethodCall({
    serial: 1,
    destination: 'org.freedesktop.DBus',
    path: '/org/freedesktop/DBus',
    interface: 'org.freedesktop.DBus',
    member: 'Hello',
  })

  it('is laid out as the specification says', () => {
    expect(call.toString('hex')).toBe(
      [
        '6c01000100000000010000006d000000',
        '01016f00150000002f6f72672f667265656465736b746f702f4442757300000002017300140000006f72672e667265656465736b746f702e4442757300000000',
        '030173000500000048656c6c6f00000006017300140000006f72672e667265656465736b746f702e4442757300000000',
      ].join(''),
    )
  })

  it('is read once it is all there, however it comes', () => {
    for (let length = 0; length < call.length; length += 1)
      expect(readMessage(call.subarray(0, length))).toBeUndefined()
    expect(readMessage(Buffer.concat([call, call]))).toMatchObject({ length: call.length, reply: { kind: 'other' } })
  })

  it.each([
    ['01620000 01000000', true],
    ['01620000 00000000', false],
    ['01730000 01000000', undefined],
    ['', undefined],
  ])('body %s says %s', (hex, said) => {
    expect(readBooleanVariant(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toBe(said)
  })
})

describe('the session bus', () => {
  it.each([
    ['unix:path=/run/user/1000/bus', '/run/user/1000/bus'],
    ['unix:path=/tmp/dbus-x,guid=1234', '/tmp/dbus-x'],
    ['unix:guid=1,path=/a%20b', '/a b'],
    ['unix:abstract=/tmp/dbus-y,guid=1', '\0/tmp/dbus-y'],
    ['tcp:host=localhost,port=1;unix:path=/second', '/second'],
  ])('at %s is a socket', (address, path) => {
    expect(parseBusAddress(address)).toEqual({ kind: 'socket', path })
  })

  it('of another kind is left to libdbus', () => {
    expect(parseBusAddress('tcp:host=localhost,port=1234')).toEqual({ kind: 'foreign' })
  })

  it('is in the runtime folder where no variable names it', () => {
    const system = { platform: 'linux', variables: { XDG_RUNTIME_DIR: '/run/user/1000' }, exists: () => true }
    expect(findSessionBus(system)).toEqual({ kind: 'socket', path: '/run/user/1000/bus' })
    expect(findSessionBus({ ...system, exists: () => false })).toEqual({ kind: 'none' })
    expect(findSessionBus({ ...system, variables: {} })).toEqual({ kind: 'none' })
  })

  it.each(['darwin', 'win32'])('is not looked for on %s, whose keyring needs none', (platform) => {
    expect(findSessionBus({ platform, variables: {}, exists: () => false })).toEqual({ kind: 'notNeeded' })
    const variables = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/opt/dbus' }
    expect(findSessionBus({ platform, variables, exists: () => true })).toEqual({ kind: 'notNeeded' })
  })
})

describe('asking over a socket', () => {
  let folder: TemporaryFolder
  let server: Server | undefined

  beforeEach(() => {
    folder = createTemporaryFolder()
  })

  afterEach(async () => {
    server?.close()
    await folder[Symbol.asyncDispose]()
  })

  async function listen(onConnection: (socket: Socket) => void): Promise<string> {
    const path = join(folder.path, 'bus')
    const listening = createServer(onConnection)
    server = listening
    await new Promise<void>((resolve) => listening.listen(path, resolve))
    return path
  }

  it('without a listener gives no answer', async () => {
    expect(await askSecretService(join(folder.path, 'none'), { milliseconds: 50_000 })).toBe('noAnswer')
  })

  it('whose bus refuses the user gives no answer', async () => {
    const path = await listen((socket) => socket.write('REJECTED EXTERNAL\r\n'))
    expect(await askSecretService(path, { milliseconds: 50_000 })).toBe('noAnswer')
  })

  it('whose bus is stuck is mute, after as long as was given', async () => {
    const path = await listen(() => {})
    expect(await askSecretService(path, { milliseconds: 50 })).toBe('mute')
  })
})
