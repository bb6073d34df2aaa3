import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isStoreError, type StoreErrorCode } from '@authchart/core'
import { keyringStore, type NodeStore } from '@authchart/node-store/keyring'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import { findInTexts } from '../support/find-secrets.ts'
import { type SecretService, startSecretService } from '../support/secret-service.ts'
import { missingKeyringTools } from '../support/secret-service-tools.ts'
import { createRecord, createTokenSet } from '../support/session-records.ts'
import { openSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'

/** What the keyring may take, and what a busy machine adds to it. */
const answerWithinMilliseconds = 3_000 + 1_500
/** A mute service blocks the library's constructor for 2 s, if it is let. */
const blockedMilliseconds = 1_500

let folder: TemporaryFolder
let directory: string
let loop: ReturnType<typeof monitorEventLoopDelay>

beforeEach(() => {
  folder = createTemporaryFolder()
  directory = join(folder.path, 'sessions')
  loop = monitorEventLoopDelay({ resolution: 10 })
  loop.enable()
})

afterEach(async () => {
  loop.disable()
  await folder[Symbol.asyncDispose]()
})

/** A store that has not seen its key yet, as in a process that has just started. */
function openStore(): NodeStore {
  return keyringStore({ service: 'authchart-test', directory, onUnreadable: () => {} })
}

async function expectAnswer(work: Promise<unknown>, code: StoreErrorCode): Promise<Error> {
  const asked = performance.now()
  const error = await work.then(
    () => new Error('It succeeded.'),
    (thrown: unknown) => thrown,
  )
  expect(error).toSatisfy(isStoreError)
  expect(error).toMatchObject({ code })
  expect(performance.now() - asked).toBeLessThan(answerWithinMilliseconds)
  expect(loop.max / 1e6).toBeLessThan(blockedMilliseconds)
  return error as Error
}

describe.skipIf(missingKeyringTools !== undefined)('a keyring that is', () => {
  let keyring: SecretService
  let server: AuthorizationServer

  beforeAll(async () => {
    keyring = await startSecretService()
    Object.assign(process.env, keyring.environment)
    server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  })

  afterEach(async () => {
    keyring.resume()
    await keyring.unlock()
  })

  afterAll(async () => {
    await keyring[Symbol.asyncDispose]()
    await server.close()
  })

  it('P50 locked is storeLocked at once, for reading, signing in and the check; unlocked, it goes on', async () => {
    const before = createRecord()
    await openStore().compareAndSet(sessionKey, undefined, before)
    await keyring.lock()
    const store = openStore()
    const next = createRecord({ revision: 'revision-2' })
    await expectAnswer(store.read(sessionKey), 'storeLocked')
    await expectAnswer(store.compareAndSet(sessionKey, 'revision-1', next), 'storeLocked')
    const error = await expectAnswer(store.check(sessionKey), 'storeLocked')
    expect(error.message).toMatch(/Unlock it/)
    expect(error).not.toHaveProperty('replaceToken')
    await keyring.unlock()
    expect(await store.read(sessionKey)).toEqual(before)
  })

  it('P50 locked does not end a session that has its key: it refreshes and stores on', async () => {
    await using session = openSession(server, { store: openStore() })
    await session.signIn(tokenSetOf(await server.signIn()))
    await keyring.lock()
    const { generation } = await session.refresh()
    await keyring.unlock()
    expect((await openStore().read(sessionKey))?.generation).toBe(generation)
  })

  it('P50 locked or mute signs no one out: a session that starts then is transient, and comes to itself', async () => {
    await using signedIn = openSession(server, { store: openStore() })
    await signedIn.signIn(tokenSetOf(await server.signIn()))
    for (const [breakDown, mend] of [
      [() => keyring.lock(), () => keyring.unlock()],
      [async () => keyring.pause(), async () => keyring.resume()],
    ] as const) {
      await breakDown()
      await using session = openSession(server, { store: openStore() })
      await expect(session.getAccessToken()).rejects.toMatchObject({ retryable: true })
      expect(session.getSnapshot().status).not.toBe('signedOut')
      await mend()
      const { value } = await signedIn.getAccessToken()
      const isItself = () =>
        session.getAccessToken().then(
          (token) => token.value === value,
          () => false,
        )
      await eventually(isItself, { description: 'the token', withinMilliseconds: 20_000 })
    }
  })

  it('P50 mute is storeUnavailable within 3 s, and the event loop runs on', async () => {
    await openStore().compareAndSet(sessionKey, undefined, createRecord())
    keyring.pause()
    loop.reset()
    const store = openStore()
    await expectAnswer(store.read(sessionKey), 'storeUnavailable')
    await expectAnswer(store.check(sessionKey), 'storeUnavailable')
    keyring.resume()
    expect(await store.read(sessionKey)).toEqual(createRecord())
  })

  it('P50 slow, but answers within 3 s, is as good as any', async () => {
    await openStore().compareAndSet(sessionKey, undefined, createRecord())
    keyring.pause()
    const reading = openStore().read(sessionKey)
    setTimeout(() => keyring.resume(), 500)
    expect(await reading).toEqual(createRecord())
  })

  it('P50 reset since makes its new key known to a store that remembers the old one', async () => {
    const [first, second] = [openStore(), openStore()]
    await first.compareAndSet(sessionKey, undefined, createRecord())
    await removeKeys()
    const error = await expectAnswer(second.read(sessionKey), 'recordUnreadable')
    expect(error).toMatchObject({ replaceToken: expect.any(String), message: expect.stringContaining(directory) })
    await second.compareAndSet('acme:bob', undefined, createRecord({ revision: 'of bob' }))
    expect(await first.read('acme:bob')).toEqual(createRecord({ revision: 'of bob' }))
    expect(await first.compareAndSet('acme:bob', 'of bob', createRecord({ revision: 'by first' }))).toBe(true)
    expect(await second.read('acme:bob')).toEqual(createRecord({ revision: 'by first' }))
  })

  it('two first uses at once make one key', async () => {
    const stores = Array.from({ length: 6 }, openStore)
    const keys = stores.map((_store, index) => `acme:${index}`)
    await Promise.all(stores.map((store, index) => store.compareAndSet(keys[index] ?? '', undefined, createRecord())))
    for (const key of keys) expect(await openStore().read(key)).toEqual(createRecord())
    expect(await countKeys()).toBe(1)
  })

  it('P45 locked lists all the same, ended sessions as such', async () => {
    const told: string[] = []
    const store = keyringStore({ service: 'authchart-test', directory, onUnreadable: ({ code }) => told.push(code) })
    const end = { reason: 'grantRejected', endedAt: 7 } as const
    await store.compareAndSet('in', undefined, createRecord())
    await store.compareAndSet('ended', undefined, createRecord({ status: 'ended', end }))
    await keyring.lock()
    const later = keyringStore({ service: 'authchart-test', directory, onUnreadable: ({ code }) => told.push(code) })
    const summaries = await later.list()
    expect(summaries.map(({ key, status }) => `${key} ${status}`).sort()).toEqual(['ended ended', 'in signedIn'])
    expect(told).toEqual([])
  })

  it('P55 seals: no secret is in any file, in a list or in an error, and none in the kernel keyring', async () => {
    const tokenSet = createTokenSet({
      accessToken: 'canary-access-token-5f2b',
      refreshToken: 'canary-refresh-token-91c7',
      idToken: 'canary-id-token-77aa',
    })
    const secrets = { tokenSet, proofKey: { kty: 'EC', d: 'canary-proof-key-0b1e' } }
    const store = openStore()
    await store.compareAndSet(sessionKey, undefined, createRecord({ secrets }))
    const canaries = [
      'canary-access-token-5f2b',
      'canary-refresh-token-91c7',
      'canary-id-token-77aa',
      'canary-proof-key-0b1e',
    ]
    const files = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'latin1'))
    await keyring.lock()
    const error = await openStore()
      .read(sessionKey)
      .catch((thrown: unknown) => String((thrown as Error).stack))
    expect(findInTexts([...files, JSON.stringify(await store.list()), String(error)], canaries)).toEqual([])
    if (existsSync('/proc/keys')) expect(readFileSync('/proc/keys', 'utf8')).not.toMatch(/authchart/)
  })

  async function countKeys(): Promise<number> {
    return (await findItems()).length
  }

  async function removeKeys(): Promise<void> {
    for (const path of await findItems()) {
      const item = ['--object-path', path, '--method', 'org.freedesktop.Secret.Item.Delete']
      await keyring.gdbus('call', '--session', '--dest', 'org.freedesktop.secrets', ...item)
    }
  }

  /** The keyring's entries for this test's folder. */
  async function findItems(): Promise<string[]> {
    const search = [
      '--object-path',
      '/org/freedesktop/secrets',
      '--method',
      'org.freedesktop.Secret.Service.SearchItems',
    ]
    const attributes = `{'username': 'authchart ${directory}'}`
    const printed = await keyring.gdbus('call', '--session', '--dest', 'org.freedesktop.secrets', ...search, attributes)
    return printed.match(/\/org\/freedesktop\/secrets\/collection\/\w+\/\d+/g) ?? []
  }
})

describe('a keyring that is missing', () => {
  const { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: runtimeFolder } = process.env
  afterEach(() => {
    Object.assign(process.env, { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: runtimeFolder })
  })

  it.skipIf(process.platform !== 'linux')(
    'P50 is storeMissing at once, which names what can be used instead',
    async () => {
      delete process.env.DBUS_SESSION_BUS_ADDRESS
      process.env.XDG_RUNTIME_DIR = folder.path
      const error = catchError(openStore)
      expect(error).toSatisfy(isStoreError)
      expect(error).toMatchObject({ code: 'storeMissing', retryable: false })
      expect(error).toMatchObject({ message: expect.stringMatching(/fileStore\(\{ directory, key \}\)/) })
      expect(existsSync(directory)).toBe(false)
    },
  )
})

function catchError(attempt: () => unknown): unknown {
  try {
    return attempt()
  } catch (error) {
    return error
  }
}
