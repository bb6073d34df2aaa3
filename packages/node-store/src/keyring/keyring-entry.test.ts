import { createRequire } from 'node:module'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { eventually } from '../../../../test/support/eventually.ts'
import { createKeyringEntry } from './keyring-entry.ts'

const require = createRequire(import.meta.url)
const path = require.resolve('@napi-rs/keyring')
const { DBUS_SESSION_BUS_ADDRESS: address } = process.env

/** What the keyring of this test answers; a real one asks its user here. */
let answer: () => Promise<string | null>
let prompts: number

beforeEach(() => {
  prompts = 0
  // Not understood here, so the library itself is asked.
  process.env.DBUS_SESSION_BUS_ADDRESS = 'tcp:host=127.0.0.1,port=1'
  const exports = {
    AsyncEntry: class {
      getPassword() {
        prompts += 1
        return answer()
      }
    },
  }
  Object.assign(require.cache, { [path]: { id: path, filename: path, loaded: true, exports } })
})

afterEach(() => {
  vi.useRealTimers()
  Reflect.deleteProperty(require.cache, path)
  if (address === undefined) Reflect.deleteProperty(process.env, 'DBUS_SESSION_BUS_ADDRESS')
  else process.env.DBUS_SESSION_BUS_ADDRESS = address
})

it('P50 does not ask a user again for half a minute who refused', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const entry = createKeyringEntry({ service: 'acme', account: 'test' })
  answer = () => Promise.reject(new Error("Couldn't access platform storage: Secret Service: prompt dismissed"))
  for (const milliseconds of [0, 10_000, 19_000]) {
    vi.advanceTimersByTime(milliseconds)
    await expect(entry.read()).rejects.toMatchObject({ code: 'storeLocked', message: expect.stringMatching(/refused/) })
  }
  expect(prompts).toBe(1)
  answer = async () => 'the key'
  vi.advanceTimersByTime(1_001)
  expect(await entry.read()).toBe('the key')
  expect(prompts).toBe(2)
})

it('asks for one thing at a time', async () => {
  const entry = createKeyringEntry({ service: 'acme', account: 'test' })
  const first = Promise.withResolvers<string>()
  answer = () => first.promise
  const reading = [entry.read(), entry.read()]
  await eventually(() => prompts === 1, { description: 'the first prompt' })
  first.resolve('the key')
  expect(await Promise.all(reading)).toEqual(['the key', 'the key'])
  expect(prompts).toBe(2)
})
