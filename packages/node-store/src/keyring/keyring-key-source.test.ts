import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTemporaryFolder, type TemporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { createSessionFolder } from '../folder/session-folder.ts'
import type { KeyringEntry } from './keyring-entry.ts'
import { keyringError } from './keyring-errors.ts'
import { createKeyringKeySource } from './keyring-key-source.ts'

let folder: TemporaryFolder

beforeEach(() => {
  folder = createTemporaryFolder()
})

afterEach(() => folder[Symbol.asyncDispose]())

/** A keyring with one entry, for two who are not equally quick. */
function createEntries(writeMilliseconds: readonly number[]) {
  let kept: string | undefined
  const written: string[] = []
  const entries = writeMilliseconds.map((milliseconds): KeyringEntry => {
    let pending = Promise.resolve()
    return {
      async read() {
        await pause(2)
        return kept
      },
      write(text) {
        pending = pause(milliseconds).then(() => {
          kept = text
          written.push(text)
        })
        return pending
      },
      settled: () => pending,
    }
  })
  return { entries, written }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

it('makes one key when two are the first at once, since they make it under a lock', async () => {
  const { entries, written } = createEntries([5, 60])
  const sources = entries.map((entry) =>
    createKeyringKeySource(entry, createSessionFolder(join(folder.path, 'sessions'))),
  )
  const keys = await Promise.all(sources.map((source) => source.get({ create: true })))
  expect(new Set(keys.map((key) => key?.id)).size).toBe(1)
  expect(written).toHaveLength(1)
})

it('keeps others from making a key while a write that nobody waits for any more may still land', async () => {
  const { entries, written } = createEntries([80, 1])
  const [slow, quick] = entries as [KeyringEntry, KeyringEntry]
  const impatient: KeyringEntry = {
    ...slow,
    async write(text) {
      void slow.write(text)
      throw keyringError('storeUnavailable', 'no answer in time')
    },
  }
  const sessions = createSessionFolder(join(folder.path, 'sessions'))
  await expect(createKeyringKeySource(impatient, sessions).get({ create: true })).rejects.toMatchObject({
    code: 'storeUnavailable',
  })
  const key = await createKeyringKeySource(quick, sessions).get({ create: true })
  await slow.settled()
  expect(written).toHaveLength(1)
  expect(key).toEqual(await createKeyringKeySource(quick, sessions).get({ create: false }))
})

it('makes none for whoever only reads', async () => {
  const { entries, written } = createEntries([1])
  const [entry] = entries as [KeyringEntry]
  const source = createKeyringKeySource(entry, createSessionFolder(join(folder.path, 'sessions')))
  expect(await source.get({ create: false })).toBeUndefined()
  expect(written).toEqual([])
})

it('refuses what is no key, and leaves it', async () => {
  const { entries, written } = createEntries([1])
  const [entry] = entries as [KeyringEntry]
  await entry.write('not a key')
  const source = createKeyringKeySource(entry, createSessionFolder(join(folder.path, 'sessions')))
  await expect(source.get({ create: true })).rejects.toMatchObject({ code: 'recordUnreadable' })
  expect(written).toEqual(['not a key'])
})
