import { describe, expect, it } from 'vitest'
import { readCommandLine } from './command-line.ts'
import { UsageError } from './describe-error.ts'

describe('a command line', () => {
  it('takes what it does not say from the environment', () => {
    const environment = { ACME_ISSUER: 'https://one.example', ACME_API: 'https://api.example', ACME_STORE: 'file' }
    const given = ['call', '/orders', '--issuer', 'https://two.example', '--json']
    expect(readCommandLine(given, environment)).toEqual({
      name: 'call',
      options: {
        account: undefined,
        issuer: 'https://two.example',
        clientId: undefined,
        scope: 'openid offline_access',
        api: 'https://api.example',
        store: 'file',
        state: undefined,
        path: '/orders',
        everySeconds: 30,
        device: false,
        all: false,
        json: true,
        debug: false,
      },
    })
  })

  it.each([[[]], [['--help']], [['-h']], [['login', '--help']], [['--', '--help']]])('%j asks for help', (given) => {
    expect(readCommandLine(given, {})).toBeUndefined()
  })

  it.each([
    [['lgin'], 'No such command: lgin. There are login, status, call, watch, logout and explain.'],
    [['--json'], 'No command. There are login, status, call, watch, logout and explain.'],
    [['call'], 'Which path? Such as: acme call /orders.'],
    [['call', '/a', '/b'], '"acme call" does not know what to do with "/b".'],
    [['status', 'alice'], '"acme status" does not know what to do with "alice".'],
    [['call', '/', '--device'], '"acme call" does not take --device.'],
    [['watch', '--every', '0'], '--every must be a number of seconds, a day at most, and is 0.'],
    [['watch', '--every', 'soon'], '--every must be a number of seconds, a day at most, and is soon.'],
    [['status', '--store', 'cloud'], 'No such store: cloud. There are keyring, file and unsealed.'],
    [['logout', '--all', '--account', 'bob'], 'Either --account or --all.'],
    [['login', '--account', ''], '--account must not be empty.'],
  ])('%j is a mistake, and says what would not be', (given, message) => {
    expect(() => readCommandLine(given, {})).toThrow(new UsageError(message))
  })

  it('with an unknown option is a mistake', () => {
    expect(() => readCommandLine(['login', '--acount', 'bob'], {})).toThrow(
      /^Unknown option '--acount'\. See "acme --help"\.$/,
    )
  })
})
