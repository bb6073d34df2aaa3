import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { whenAborted } from '../../../../test/support/refresh-holder.ts'
import { createRecord, createTokenSet } from '../../../../test/support/session-records.ts'
import { StoreError } from '../errors/store-error.ts'
import { memoryStore } from '../store/memory-store.ts'
import { recordFormatVersion, type SessionRecord } from '../store/session-record.ts'
import type { SessionStore } from '../store/session-store.ts'
import { createSimulatedClock } from '../testing/simulated-clock.ts'
import type { Grant } from '../token/grant.ts'
import { checkStore, readRecord, storeFailureCode, toStoreError, writeRecord } from './store-access.ts'

const key = 'acme:alice'

function open(changes: Partial<SessionStore> = {}, grant: Pick<Grant, 'signIn'> = {}) {
  const clock = createSimulatedClock()
  const memory = memoryStore()
  const stopped = new AbortController()
  const holder = {
    key,
    store: { ...memory, ...changes },
    grant: { needsRefreshToken: true, identity: {}, refresh: () => Promise.reject(new Error('not asked')), ...grant },
    clock,
    get isStopped() {
      return stopped.signal.aborted
    },
    onStopped: whenAborted(stopped.signal),
  }
  const access = {
    read: () => readRecord(holder),
    compareAndSet: (expected: string | undefined, next: SessionRecord) => writeRecord(holder, expected, next),
    check: () => checkStore(holder),
  }
  return { clock, memory, stopped, access }
}

describe('access to a store', () => {
  it('takes a record without tokens for torn, unless nobody has to sign in for it', async () => {
    const { secrets, ...record } = createRecord()
    const read = async () => record
    expect(await open({ read }).access.read()).toMatchObject({ ok: false, error: { code: 'recordUnreadable' } })
    expect(await open({ read }, { signIn: () => Promise.reject(new Error('nothing is sent')) }).access.read()).toEqual({
      ok: true,
      value: record,
    })
  })

  it('reads what was written, and tells that there is nothing', async () => {
    const { access, clock } = open()
    expect(await access.read()).toEqual({ ok: true, value: undefined })
    expect(await access.compareAndSet(undefined, createRecord())).toEqual({ ok: true, value: true })
    expect(await access.compareAndSet(undefined, createRecord())).toEqual({ ok: true, value: false })
    expect(await access.read()).toEqual({ ok: true, value: createRecord() })
    expect(clock.timers).toBe(0)
  })

  it('writes no generation that could not be read again, and says why', async () => {
    const last = createRecord({ highestReservedGeneration: 2 ** 52 - 1 })
    const { access, memory } = open()
    expect(await access.compareAndSet(undefined, last)).toEqual({ ok: true, value: true })
    expect(await access.read()).toMatchObject({ ok: true })
    const beyond = { ...last, highestReservedGeneration: 2 ** 52, revision: 'beyond' }
    const refused = {
      ok: false,
      error: { message: expect.stringContaining('generations of this session are used up') },
    }
    expect(await access.compareAndSet(last.revision, beyond)).toMatchObject(refused)
    expect(await memory.read(key)).toEqual(last)
  })

  it('stores no member that says nothing', async () => {
    const { access, memory } = open()
    const tokenSet = { ...createTokenSet(), idToken: undefined }
    await access.compareAndSet(undefined, {
      ...createRecord({ end: undefined, backoffUntil: undefined, refreshIntent: undefined, rejections: undefined }),
      identity: { issuer: 'https://login.example', subject: undefined },
      secrets: { tokenSet, proofKey: undefined },
    })
    const stored = await memory.read(key)
    expect(JSON.parse(JSON.stringify(stored))).toStrictEqual(stored)
    expect(Object.keys(stored?.secrets ?? {})).toEqual(['tokenSet'])
    await access.compareAndSet('revision-1', {
      ...createRecord(),
      status: 'ended',
      end: { reason: 'unreachable', endedAt: 1, serverCode: undefined },
      secrets: undefined,
    })
    const ended = await memory.read(key)
    expect(JSON.parse(JSON.stringify(ended))).toStrictEqual(ended)
    expect(ended).not.toHaveProperty('secrets')
  })

  it.each(['read', 'compareAndSet'] as const)(
    'takes a %s that hangs for failed after exactly 10 s',
    async (operation) => {
      const { access, clock } = open({ [operation]: () => new Promise(() => {}) })
      let result: unknown
      const done = (operation === 'read' ? access.read() : access.compareAndSet(undefined, createRecord())).then(
        (value) => {
          result = value
        },
      )
      await clock.advance(9_999)
      expect(result).toBeUndefined()
      await clock.advance(1)
      await done
      expect(result).toMatchObject({ ok: false, error: { code: 'storeUnavailable', retryable: true } })
      expect(clock.timers).toBe(0)
    },
  )

  it('is not troubled by an operation that fails after it was given up', async () => {
    const { promise, reject } = Promise.withResolvers<never>()
    const { access, clock } = open({ read: () => promise })
    const read = access.read()
    await clock.advance(10_000)
    reject(new Error('late'))
    await clock.advance(0)
    expect(await read).toMatchObject({ ok: false })
  })

  it('waits for nothing any more once its holder is gone', async () => {
    let calls = 0
    const { access, clock, stopped } = open({
      read: () => {
        calls += 1
        return new Promise(() => {})
      },
    })
    const read = access.read()
    stopped.abort()
    expect(await read).toMatchObject({ ok: false, error: { code: 'storeUnavailable' } })
    expect(await access.read()).toMatchObject({ ok: false })
    expect(calls).toBe(1)
    expect(clock.timers).toBe(0)
  })

  it.each([
    ['rejects', () => Promise.reject(new StoreError('storeLocked', 'locked'))],
    [
      'throws at once',
      () => {
        throw new StoreError('storeLocked', 'locked')
      },
    ],
  ])('hands on the error of a store that %s', async (_name, read) => {
    expect(await open({ read }).access.read()).toMatchObject({ ok: false, error: { code: 'storeLocked' } })
  })

  it.each([
    ['an error that quotes what was written', new Error('cannot clone canary-token')],
    ['an error with a cause', new Error('x', { cause: { token: 'canary-token' } })],
    ['a text', 'canary-token'],
    ['an object', { canary: 'canary-token' }],
    ['nothing', undefined],
  ])('P55 lets nothing of %s through', async (_name, thrown) => {
    const { access } = open({ compareAndSet: () => Promise.reject(thrown) })
    const result = await access.compareAndSet(undefined, createRecord())
    expect(result).toMatchObject({ ok: false, error: { code: 'storeUnavailable' } })
    expect(inspect(result, { depth: 10, showHidden: true })).not.toContain('canary')
  })

  it('tells a record of a newer format apart, and one that is none, naming the key and no value', async () => {
    const { access, memory } = open()
    const formatVersion = recordFormatVersion + 1
    await memory.compareAndSet(key, undefined, createRecord({ formatVersion, revision: 'canary-token' }))
    const newer = await access.read()
    expect(newer).toMatchObject({
      ok: false,
      error: { retryable: false, code: 'recordFromNewerVersion' },
    })
    const { access: other } = open({ read: async () => ({ formatVersion: 1, revision: 'canary-token' }) as never })
    const malformed = await other.read()
    expect(malformed).toMatchObject({ ok: false, error: { code: 'recordUnreadable' } })
    for (const result of [newer, malformed]) {
      const text = inspect(result.ok ? result : result.error, { depth: 10 })
      expect(text).toContain('acme:alice')
      expect(text).not.toContain('canary')
    }
  })
})

it('an error of a store is itself; of any other only the kind is told', () => {
  const own = new StoreError('storeMissing', 'none')
  expect(toStoreError(own)).toBe(own)
  expect(toStoreError(new RangeError('canary')).message).toBe('The store failed with a RangeError; try again later.')
  expect(toStoreError('canary').message).toBe('The store failed with a string; try again later.')
})

it.each([
  ['storeLocked', 'storeLocked'],
  ['storeUnavailable', 'storeUnavailable'],
  ['recordUnreadable', 'storeUnavailable'],
  ['storeMissing', 'storeUnavailable'],
] as const)('to somebody who wants a token, %s means %s', (code, expected) => {
  expect(storeFailureCode(new StoreError(code, ''))).toBe(expected)
})
