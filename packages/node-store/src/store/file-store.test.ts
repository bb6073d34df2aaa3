import { randomBytes, randomUUID } from 'node:crypto'
import { appendFileSync, copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSession } from '@authchart/core'
import { isStoreError, type StoreError } from '@authchart/core/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileStem, recordFile } from '../../../../test/support/folder-place.ts'
import { createRecord } from '../../../../test/support/session-records.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { type FileStoreOptions, fileStore } from './file-store.ts'

const key = randomBytes(32)
const isWindows = process.platform === 'win32'

let temporary: TemporaryFolder
let directory: string
let told: StoreError[]

beforeEach(() => {
  temporary = createTemporaryFolder()
  directory = join(temporary.path, 'sessions')
  told = []
})

afterEach(() => temporary[Symbol.asyncDispose]())

function openStore(options: Partial<FileStoreOptions> = {}) {
  return fileStore({ directory, key, onUnreadable: (error) => told.push(error), ...options } as FileStoreOptions)
}

async function errorOf(work: Promise<unknown>): Promise<StoreError> {
  const error = await work.catch((thrown: unknown) => thrown)
  expect(error).toSatisfy(isStoreError)
  return error as StoreError
}

describe('options', () => {
  it.each([
    [{ directory: '/x' }, /^The option `key` is missing/],
    [{ directory: '/x', key: new Uint8Array(16) }, /32 bytes/],
    [{ directory: '/x', key: 'x'.repeat(32) }, /32 bytes/],
    [{ directory: '/x', key, unsealed: true }, /contradicts/],
    [{ directory: '/x', key, keys: [key] }, /contradicts/],
    [{ directory: '/x', keys: [key], unsealed: true }, /contradicts/],
    [{ directory: '/x', keys: [] }, /one or more/],
    [{ directory: '/x', keys: [key, new Uint8Array(16)] }, /32 bytes/],
    [{ directory: '/x', key, trustGroup: 'staff' }, /true or false/],
    [{ directory: '', key }, /`directory` must be/],
    [{ key }, /`directory` must be/],
    [{ directory: '/x', key, sealed: false }, /`sealed` is not known/],
  ])('%o are refused, saying what is wanted', (options, message) => {
    expect(() => fileStore(options as never)).toThrow(message)
  })
})

describe('the folder', () => {
  it.skipIf(isWindows)('P51 is made for its user alone, and so is each file in it', async () => {
    const store = openStore()
    await store.compareAndSet('acme:alice', undefined, createRecord())
    await (await store.lease('acme:alice', { signal: AbortSignal.timeout(5_000) }))[Symbol.asyncDispose]()
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    const modes = readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777)
    expect(modes).toEqual([0o600, 0o600, 0o600, 0o600])
  })

  it('P22 holds a file per session and nothing else, for keys of all kinds', async () => {
    const store = openStore()
    for (const each of ['../../outside', '/outside', 'a/b', 'x'.repeat(300)]) {
      await store.compareAndSet(each, undefined, createRecord())
    }
    expect(readdirSync(temporary.path)).toEqual(['sessions'])
    expect(readdirSync(directory).filter((name) => !/^[0-9a-f]{64}\.(session|write|note)$/.test(name))).toEqual([])
  })
})

describe('a record', () => {
  it.each([
    ['cut short', (text: string) => text.slice(0, -20)],
    ['empty', () => ''],
    ['zeroed from the middle', (text: string) => text.slice(0, 100) + '\0'.repeat(text.length - 100)],
    ['of another program', () => '{"some":"json"}'],
    ['changed in its clear part', (text: string) => text.replace('"subject":"alice"', '"subject":"mallory"')],
    ['changed in its generation', (text: string) => text.replace('"generation":5', '"generation":4')],
    ['changed in its sealed part', (text: string) => text.replace(/"text":"...../, '"text":"AAAAA')],
  ])('that is %s is unreadable, as an error that says what to do', async (_name, change) => {
    const store = openStore()
    await store.compareAndSet('acme:alice', undefined, createRecord())
    const path = recordFile(directory, 'acme:alice')
    writeFileSync(path, change(readFileSync(path, 'utf8')))
    const error = await errorOf(store.read('acme:alice'))
    expect(error).toMatchObject({
      code: 'recordUnreadable',
      message: expect.stringMatching(/left as it is; the next sign-in replaces it/),
    })
    expect(error.message).toContain(path)
  })

  it('that has lost its sealed part is unreadable to a session that needs a sign-in', async () => {
    const store = openStore()
    await store.compareAndSet('acme:alice', undefined, createRecord())
    const path = recordFile(directory, 'acme:alice')
    writeFileSync(path, readFileSync(path, 'utf8').replace(/,"sealed":\{[^}]*\}/, ''))
    // To the store it looks like one that needs no sign-in, before its first token.
    expect((await store.read('acme:alice'))?.secrets).toBeUndefined()
    await using session = createSession({ key: 'acme:alice', store, grant: () => Promise.reject(new Error('No.')) })
    await expect(session.ready).rejects.toMatchObject({ code: 'recordUnreadable' })
  })

  it('of another session, put in its place, does not open', async () => {
    const store = openStore()
    await store.compareAndSet('acme:alice', undefined, createRecord())
    await store.compareAndSet('acme:bob', undefined, createRecord())
    copyFileSync(recordFile(directory, 'acme:bob'), recordFile(directory, 'acme:alice'))
    expect(await errorOf(store.read('acme:alice'))).toMatchObject({ code: 'recordUnreadable' })
  })

  it('with the key of another session written into it does not open either', async () => {
    const store = openStore()
    await store.compareAndSet('acme:bob', undefined, createRecord())
    const text = readFileSync(recordFile(directory, 'acme:bob'), 'utf8').replace('"acme:bob"', '"acme:alice"')
    writeFileSync(recordFile(directory, 'acme:alice'), text, { mode: 0o600 })
    expect(await errorOf(store.read('acme:alice'))).toMatchObject({
      message: expect.stringMatching(/sealed part does not belong/),
    })
  })

  it('sealed under another key, or not sealed, is not taken', async () => {
    await openStore().compareAndSet('acme:alice', undefined, createRecord())
    const { key: _key, ...plain } = { key, unsealed: true as const }
    const unsealedStore = fileStore({ directory, ...plain })
    const unlike = openStore({ key: randomBytes(32) })
    expect((await errorOf(unlike.read('acme:alice'))).message).toMatch(/under a key that this store does not have/)
    expect((await errorOf(unsealedStore.read('acme:alice'))).message).toMatch(/it is sealed/)
    await unsealedStore.compareAndSet('acme:bob', undefined, createRecord())
    expect((await errorOf(openStore().read('acme:bob'))).message).toMatch(/it is not sealed/)
  })

  it('whose secrets stand in its clear part is not taken, sealed part or none', async () => {
    const { secrets } = createRecord()
    for (const store of [openStore(), fileStore({ directory, unsealed: true })]) {
      await store.compareAndSet('acme:alice', undefined, createRecord())
      const path = recordFile(directory, 'acme:alice')
      const { record, sealed, ...rest } = JSON.parse(readFileSync(path, 'utf8'))
      for (const kept of [{}, { sealed }]) {
        writeFileSync(path, JSON.stringify({ ...rest, ...kept, record: { ...record, secrets } }))
        expect(await errorOf(store.read('acme:alice'))).toMatchObject({
          code: 'recordUnreadable',
          message: expect.stringMatching(/secrets in its clear part/),
        })
      }
      rmSync(path)
    }
  })

  it('of a newer version of the library is never written over', async () => {
    const store = openStore()
    await store.compareAndSet('acme:alice', undefined, createRecord())
    const path = recordFile(directory, 'acme:alice')
    const old = readFileSync(path, 'utf8')
    for (const text of [
      old.replace('"authchart":1', '"authchart":2'),
      old.replace('"formatVersion":1', '"formatVersion":2'),
    ]) {
      writeFileSync(path, text)
      const next = createRecord({ revision: 'revision-2' })
      expect(await errorOf(store.read('acme:alice'))).toMatchObject({ code: 'recordFromNewerVersion' })
      expect(await errorOf(store.compareAndSet('acme:alice', 'revision-1', next))).toMatchObject({
        code: 'recordFromNewerVersion',
      })
      expect(readFileSync(path, 'utf8')).toBe(text)
    }
  })

  it('sweeps away what a writer left behind that was killed, of this session alone', async () => {
    const store = openStore()
    await store.compareAndSet('acme:alice', undefined, createRecord())
    const [mine, another] = ['acme:alice', 'acme:bob'].map((each) => `${fileStem(each)}.${randomUUID()}.tmp`)
    for (const name of [mine, another]) writeFileSync(join(directory, name ?? ''), 'half a rec')
    // Where a writer notes the name before it makes the file.
    writeFileSync(join(directory, `${fileStem('acme:alice')}.note`), mine ?? '')
    await store.compareAndSet('acme:alice', 'revision-1', createRecord({ revision: 'revision-2' }))
    const names = readdirSync(directory)
    expect(names).not.toContain(mine)
    expect(names).toContain(another)
  })

  it('removes nothing else, for a note of any content', async () => {
    const store = openStore()
    const note = join(directory, `${fileStem('acme:alice')}.note`)
    for (const [index, text] of ['../victim', `${fileStem('acme:bob')}.session`, '\0'.repeat(300)].entries()) {
      await store.compareAndSet('acme:bob', undefined, createRecord())
      writeFileSync(join(temporary.path, 'victim'), '')
      writeFileSync(note, text, { mode: 0o600 })
      const before = index === 0 ? undefined : `revision-${index - 1}`
      const next = createRecord({ revision: `revision-${index}` })
      expect(await store.compareAndSet('acme:alice', before, next)).toBe(true)
      expect(readdirSync(temporary.path)).toContain('victim')
      expect(await store.read('acme:bob')).toEqual(createRecord())
    }
  })
})

describe('listing', () => {
  it('P45 leaves out what is torn, foreign or of a newer version, and tells of each once', async () => {
    const store = openStore()
    for (const each of ['a', 'b', 'c', 'd']) await store.compareAndSet(each, undefined, createRecord())
    appendFileSync(recordFile(directory, 'a'), 'x')
    writeFileSync(recordFile(directory, 'b'), readFileSync(recordFile(directory, 'd')))
    const newer = readFileSync(recordFile(directory, 'c'), 'utf8').replace('"authchart":1', '"authchart":2')
    writeFileSync(recordFile(directory, 'c'), newer)
    writeFileSync(join(directory, 'notes.txt'), 'not ours')
    for (let time = 0; time < 3; time += 1) expect((await store.list()).map((summary) => summary.key)).toEqual(['d'])
    expect(told.map(({ code }) => code).sort()).toEqual([
      'recordFromNewerVersion',
      'recordUnreadable',
      'recordUnreadable',
    ])
    for (const { message } of told) expect(message).toContain(directory)
  })

  it('fails with what the app throws when it is told, now or later', async () => {
    const problem = new Error('of the app')
    const rejects = (() => Promise.reject(problem)) as never
    await openStore().compareAndSet('a', undefined, createRecord())
    writeFileSync(recordFile(directory, 'a'), 'torn')
    for (const onUnreadable of [
      rejects,
      () => {
        throw problem
      },
    ]) {
      await expect(openStore({ onUnreadable }).list()).rejects.toBe(problem)
    }
  })

  it('P45 warns on the console unless told otherwise', async () => {
    const store = openStore({ onUnreadable: undefined })
    await store.compareAndSet('a', undefined, createRecord())
    writeFileSync(recordFile(directory, 'a'), 'torn')
    const warned = new Promise<Error & { code?: string }>((resolve) => process.once('warning', resolve))
    expect(await store.list()).toEqual([])
    expect(await warned).toMatchObject({ code: 'AUTHCHART_RECORD_UNREADABLE' })
  })
})
