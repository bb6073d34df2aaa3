import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isStoreError, type ReplaceToken, type StoreError } from '@authchart/core/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { recordFile } from '../../../../test/support/folder-place.ts'
import { createRecord } from '../../../../test/support/session-records.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { type FileStoreOptions, fileStore } from './file-store.ts'
import type { NodeStore } from './node-store.ts'

const key = randomBytes(32)

let temporary: TemporaryFolder
let directory: string

beforeEach(() => {
  temporary = createTemporaryFolder()
  directory = join(temporary.path, 'sessions')
})

afterEach(() => temporary[Symbol.asyncDispose]())

function openStore(options: Partial<FileStoreOptions> = {}) {
  return fileStore({ directory, key, ...options } as FileStoreOptions)
}

async function errorOf(work: Promise<unknown>): Promise<StoreError> {
  const error = await work.catch((thrown: unknown) => thrown)
  expect(error).toSatisfy(isStoreError)
  return error as StoreError
}

describe('a record that cannot be opened', () => {
  const next = createRecord({ revision: 'revision-2' })

  async function tokenOf(store: NodeStore): Promise<ReplaceToken> {
    const { replaceToken } = await errorOf(store.read('acme:alice'))
    return replaceToken ?? expect.fail('There is no token.')
  }

  it('P82 tells whose it is and how far its generations went, where the clear part can be read', async () => {
    await openStore().compareAndSet('acme:alice', undefined, createRecord({ highestReservedGeneration: 9 }))
    const { summary } = await errorOf(openStore({ key: randomBytes(32) }).read('acme:alice'))
    const { identity } = createRecord()
    expect(summary).toEqual({ identity, highestReservedGeneration: 9 })
    writeFileSync(recordFile(directory, 'acme:alice'), 'torn')
    expect(await errorOf(openStore().read('acme:alice'))).not.toHaveProperty('summary')
  })

  it('P82 is replaced where it was sealed under another key, or is not sealed, by those who name its bytes', async () => {
    const unsealed = fileStore({ directory, unsealed: true })
    const stores = [openStore(), openStore({ key: randomBytes(32) }), unsealed, openStore()]
    await openStore({ key: randomBytes(32) }).compareAndSet('acme:alice', undefined, createRecord())
    for (const [index, store] of stores.entries()) {
      const written = createRecord({ revision: `by ${index}` })
      expect(await store.compareAndSet('acme:alice', { unreadable: await tokenOf(store) }, written)).toBe(true)
      expect(await store.read('acme:alice')).toEqual(written)
    }
  })

  it('P82 is not replaced for the token of other bytes, even where those are not text', async () => {
    const store = openStore()
    await store.compareAndSet('acme:alice', undefined, createRecord())
    const path = recordFile(directory, 'acme:alice')
    writeFileSync(path, Uint8Array.of(0xff))
    const unreadable = await tokenOf(store)
    // As text, both are one replacement character.
    writeFileSync(path, Uint8Array.of(0xfe))
    expect(await store.compareAndSet('acme:alice', { unreadable }, next)).toBe(false)
    expect([...readFileSync(path)]).toEqual([0xfe])
    rmSync(path)
    expect(await store.compareAndSet('acme:alice', { unreadable }, next)).toBe(false)
    expect(readdirSync(directory)).not.toContain(path)
  })

  it('P82 cannot be replaced where it is of a newer version, or a disk errs', async () => {
    const store = openStore()
    await store.compareAndSet('acme:alice', undefined, createRecord())
    const path = recordFile(directory, 'acme:alice')
    const text = readFileSync(path)
    writeFileSync(path, text.toString().replace('"authchart":1', '"authchart":2'))
    expect(await errorOf(store.read('acme:alice'))).not.toHaveProperty('replaceToken')
    rmSync(path)
    mkdirSync(path)
    expect(await errorOf(store.read('acme:alice'))).not.toHaveProperty('replaceToken')
  })
})

describe('keys that change', () => {
  it('open what the key before sealed, and seal anew with the first', async () => {
    const [first, second, third] = [randomBytes(32), randomBytes(32), randomBytes(32)]
    const open = (keys: readonly Uint8Array[]) => fileStore({ directory, keys })
    await open([first]).compareAndSet('acme:alice', undefined, createRecord())
    const both = open([second, first])
    expect(await both.read('acme:alice')).toEqual(createRecord())
    const next = createRecord({ revision: 'revision-2' })
    expect(await both.compareAndSet('acme:alice', 'revision-1', next)).toBe(true)
    expect(await open([second]).read('acme:alice')).toEqual(next)
    expect(await errorOf(open([first]).read('acme:alice'))).toMatchObject({ code: 'recordUnreadable' })
    expect(await errorOf(open([third, first]).read('acme:alice'))).toMatchObject({ code: 'recordUnreadable' })
    // A key and the same key in a list are one.
    expect(await fileStore({ directory, key: second }).read('acme:alice')).toEqual(next)
  })
})
