import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { isStoreError, type StoreError } from '@authchart/core/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { recordFile } from '../../../../test/support/folder-place.ts'
import { createRecord } from '../../../../test/support/session-records.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { type FileStoreOptions, fileStore } from './file-store.ts'

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

async function fileHandlePrototype(): Promise<FileHandle> {
  await using handle = await open(temporary.path)
  return Object.getPrototypeOf(handle)
}

describe('a file system that has no fsync of folders', () => {
  it.each(['EINVAL', 'ENOTSUP'])('P83 is lived with where it says %s, and any other error is not', async (refusal) => {
    let code = refusal
    const prototype = await fileHandlePrototype()
    const { sync } = prototype
    prototype.sync = async function (this: FileHandle) {
      if ((await this.stat()).isDirectory()) throw Object.assign(new Error(code), { code })
      return sync.call(this)
    }
    try {
      const store = openStore()
      await store.check('acme:alice')
      expect(await store.compareAndSet('acme:alice', undefined, createRecord())).toBe(true)
      code = 'EIO'
      for (const attempt of [
        store.check('acme:alice'),
        store.compareAndSet('acme:alice', 'revision-1', createRecord({ revision: 'revision-2' })),
      ]) {
        expect(await errorOf(attempt)).toMatchObject({ message: expect.stringMatching(/EIO/) })
      }
    } finally {
      prototype.sync = sync
    }
  })
})

describe('asked whether a sign-in could be kept', () => {
  it('P52 says yes by saying nothing, and leaves nothing behind', async () => {
    await openStore().check('acme:alice')
    expect(readdirSync(directory).filter((name) => !/\.(write|note)$/.test(name))).toEqual([])
  })

  it('P52 is not in the way of writes, nor they in its', async () => {
    const [store, neighbour] = [openStore(), openStore()]
    await store.compareAndSet('acme:alice', undefined, createRecord({ revision: 'revision-0' }))
    const troubles: unknown[] = []
    const check = () => neighbour.check('acme:alice').catch((error: unknown) => troubles.push(error))
    const checks = Array.from({ length: 20 }, check)
    for (let count = 1; count <= 40; count += 1) {
      const next = createRecord({ revision: `revision-${count}` })
      expect(await store.compareAndSet('acme:alice', `revision-${count - 1}`, next)).toBe(true)
      checks.push(check())
    }
    await Promise.all(checks)
    expect(troubles).toEqual([])
  })

  it('P52 says what is in the way of reading what is there, unless a sign-in replaces it', async () => {
    const store = openStore()
    await store.compareAndSet('acme:alice', undefined, createRecord())
    const path = recordFile(directory, 'acme:alice')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, 'torn')
    await store.check('acme:alice')
    writeFileSync(path, text.replace('"authchart":1', '"authchart":2'))
    expect(await errorOf(store.check('acme:alice'))).toMatchObject({ code: 'recordFromNewerVersion' })
  })

  it('P83 finds a disk that does not keep what is written', async () => {
    const store = openStore()
    const prototype = await fileHandlePrototype()
    const { writeFile } = prototype
    prototype.writeFile = async function (this: FileHandle) {
      await writeFile.call(this, '')
    }
    try {
      expect(await errorOf(store.check('acme:alice'))).toMatchObject({
        code: 'storeUnavailable',
        message: expect.stringMatching(/was not there when it was read back/),
      })
    } finally {
      prototype.writeFile = writeFile
    }
  })
})
