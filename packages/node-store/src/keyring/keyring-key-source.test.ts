import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { eventually } from '../../../../test/support/eventually.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { createSessionFolder } from '../folder/session-folder.ts'
import type { KeyringEntry } from './keyring-entry.ts'
import { createKeyringKeySource } from './keyring-key-source.ts'

let folder: TemporaryFolder

beforeEach(() => {
  folder = createTemporaryFolder()
})

afterEach(() => folder[Symbol.asyncDispose]())

/** A keyring with one entry, for users who are not equally quick to answer. */
function createEntries(milliseconds: readonly number[]) {
  let kept: string | undefined
  const written: string[] = []
  let reads = 0
  const entries = milliseconds.map(
    (each): KeyringEntry => ({
      async read() {
        reads += 1
        await pause(each)
        return kept
      },
      async write(text) {
        await pause(each)
        kept = text
        written.push(text)
      },
    }),
  )
  return { entries, written, reads: () => reads }
}

function open(entry: KeyringEntry) {
  return createKeyringKeySource(entry, createSessionFolder(join(folder.path, 'sessions')))
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

it('makes one key when two are the first at once, since they make it under a lock', async () => {
  const { entries, written } = createEntries([2, 30])
  const keys = await Promise.all(entries.map((entry) => open(entry).current({ create: true })))
  expect(new Set(keys.map((key) => key?.id)).size).toBe(1)
  expect(written).toHaveLength(1)
})

it('P50 answers within 3 s, and remembers what the user answers later: the prompt is not repeated', async () => {
  const { entries, written, reads } = createEntries([0])
  const [entry] = entries as [KeyringEntry]
  const user = Promise.withResolvers<void>()
  const source = open({ ...entry, read: () => user.promise.then(entry.read) })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const answers = Promise.allSettled([source.current({ create: true }), source.find('some-id')])
  await vi.advanceTimersByTimeAsync(3_000).finally(() => vi.useRealTimers())
  const reason = { code: 'storeUnavailable', message: expect.stringMatching(/may be waiting for your permission/) }
  expect(await answers).toMatchObject([{ reason }, { reason }])
  user.resolve()
  await eventually(() => written.length === 1, { description: 'the key is written' })
  await eventually(() => source.current({ create: true }).then(Boolean, () => false), {
    description: 'the key is known',
  })
  const before = reads()
  for (let time = 0; time < 5; time += 1) await source.current({ create: true })
  expect(reads()).toBe(before)
})

it('keeps others from making a key while a prompt to write one is open', async () => {
  const { entries, written } = createEntries([1, 1])
  const [slow, quick] = entries as [KeyringEntry, KeyringEntry]
  const user = Promise.withResolvers<void>()
  const prompted = Promise.withResolvers<void>()
  const first = open({
    ...slow,
    async write(text) {
      prompted.resolve()
      await user.promise
      await slow.write(text)
    },
  })
  const second = open(quick)
  const made = first.current({ create: true }).catch((error: unknown) => error)
  await prompted.promise
  await expect(second.current({ create: true })).rejects.toMatchObject({ code: 'storeUnavailable' })
  expect(await made).toMatchObject({ code: 'storeUnavailable' })
  expect(written).toEqual([])
  user.resolve()
  const keys: unknown[] = []
  for (const source of [first, second]) {
    await eventually(() => source.current({ create: true }).then(Boolean, () => false), {
      description: 'the key is known',
    })
    keys.push(await source.current({ create: true }))
  }
  expect(keys[1]).toEqual(keys[0])
  expect(written).toHaveLength(1)
})

it('makes none for those who only read', async () => {
  const { entries, written } = createEntries([1])
  const [entry] = entries as [KeyringEntry]
  expect(await open(entry).current({ create: false })).toBeUndefined()
  expect(await open(entry).find('some-id')).toBeUndefined()
  expect(written).toEqual([])
})

it('finds a key that was made anew while an older reading was under way', async () => {
  const { entries } = createEntries([20, 1])
  const [slow, quick] = entries as [KeyringEntry, KeyringEntry]
  const source = open(slow)
  const reading = source.find('some-id')
  const key = await open(quick).current({ create: true })
  expect(await source.find(key?.id ?? '')).toEqual(key)
  expect(await reading).toBeUndefined()
})

it('P82 refuses what is not a key, names the folder that it is for, and leaves it', async () => {
  const { entries, written } = createEntries([1])
  const [entry] = entries as [KeyringEntry]
  await entry.write('not a key')
  const error = await open(entry)
    .current({ create: true })
    .catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'recordUnreadable', message: expect.stringContaining(folder.path) })
  expect(error).not.toHaveProperty('replaceToken')
  expect(written).toEqual(['not a key'])
})
