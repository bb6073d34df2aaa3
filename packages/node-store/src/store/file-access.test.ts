import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { isStoreError } from '@authchart/core/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { fileStem, recordFile } from '../../../../test/support/folder-place.ts'
import { createRecord } from '../../../../test/support/session-records.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { fileStore } from './file-store.ts'

const key = randomBytes(32)
const isRoot = process.geteuid?.() === 0
const isWindows = process.platform === 'win32'
/** The user and the group `nobody`. */
const nobody = 65_534

let temporary: TemporaryFolder
let directory: string

beforeEach(() => {
  temporary = createTemporaryFolder()
  directory = join(temporary.path, 'sessions')
})

afterEach(() => temporary[Symbol.asyncDispose]())

interface Trouble {
  readonly name: string
  /** Makes it, and gives the path that the error names. */
  make(): string
  readonly why: RegExp
}

const folderTroubles: readonly Trouble[] = [
  ...[0o777, 0o755, 0o770, 0o722].map((mode) => ({
    name: `with mode ${mode.toString(8)}`,
    make() {
      mkdirSync(directory)
      chmodSync(directory, mode)
      return directory
    },
    why: new RegExp(`its mode is ${mode.toString(8)}, so that other users have access. Run: chmod 700`),
  })),
  {
    name: 'that is a symbolic link',
    make() {
      mkdirSync(`${directory}-real`, { mode: 0o700 })
      symlinkSync(`${directory}-real`, directory)
      return directory
    },
    why: /it is a symbolic link/,
  },
  {
    name: 'that is a file',
    make() {
      writeFileSync(directory, '')
      return directory
    },
    why: /it is not a folder/,
  },
  {
    name: 'in a folder in which every user can write',
    make() {
      chmodSync(temporary.path, 0o777)
      return temporary.path
    },
    why: /its mode is 777, so that every user can replace what is in it/,
  },
  {
    name: 'that a link leads to below a folder in which every user can write',
    make() {
      const open = join(temporary.path, 'open')
      mkdirSync(join(open, 'inner'), { recursive: true })
      symlinkSync(join(open, 'inner'), join(temporary.path, 'link'))
      chmodSync(open, 0o777)
      directory = join(temporary.path, 'link', 'sessions')
      return open
    },
    why: /its mode is 777, so that every user can replace what is in it/,
  },
]

const foreignTroubles: readonly Trouble[] = [
  {
    name: 'that belongs to another user',
    make() {
      mkdirSync(directory, { mode: 0o700 })
      chownSync(directory, nobody, nobody)
      return directory
    },
    why: /it belongs to the user 65534, and this process runs as 0/,
  },
  {
    name: 'in a folder of another user',
    make() {
      chownSync(temporary.path, nobody, nobody)
      return temporary.path
    },
    why: /it belongs to the user 65534, who can replace what is in it. Run: chown 0 /,
  },
  {
    name: 'in a sticky folder of another user',
    make() {
      chownSync(temporary.path, nobody, nobody)
      chmodSync(temporary.path, 0o1777)
      return temporary.path
    },
    why: /it belongs to the user 65534/,
  },
  {
    name: 'in a folder in which a group can write',
    make() {
      chownSync(temporary.path, 0, nobody)
      chmodSync(temporary.path, 0o775)
      return temporary.path
    },
    why: /its mode is 775, so that the members of the group 65534 can replace what is in it. Run: chmod g-w .*`trustGroup: true`/,
  },
  {
    name: 'behind the symbolic link of another user',
    make() {
      const link = join(temporary.path, 'link')
      mkdirSync(`${link}-real`, { mode: 0o700 })
      symlinkSync(`${link}-real`, link)
      lchownSync(link, nobody, nobody)
      directory = join(link, 'sessions')
      return link
    },
    why: /it is a symbolic link of the user 65534, who can turn it elsewhere/,
  },
]

async function expectFolderRefused({ make, why }: Trouble): Promise<void> {
  const path = make()
  const store = fileStore({ directory, key })
  for (const attempt of [
    () => store.compareAndSet('acme:alice', undefined, createRecord()),
    () => store.lease('acme:alice', { signal: AbortSignal.timeout(5_000) }),
    () => store.check('acme:alice'),
  ]) {
    const error = await errorOf(attempt)
    expect(error.message).toMatch(why)
    expect(error.message).toContain(` ${path}: `)
  }
  const names = readdirSync(temporary.path, { recursive: true, encoding: 'utf8' })
  expect(names.filter((name) => name.endsWith('.session'))).toEqual([])
}

it.skipIf(isWindows).each(folderTroubles)('P51 a folder $name is refused by path and reason', expectFolderRefused)

it.skipIf(!isRoot).each(foreignTroubles)('P51 a folder $name is refused by path and reason', expectFolderRefused)

it.skipIf(isWindows)('P51 a folder below links of its own user or of the system is taken', async () => {
  mkdirSync(join(temporary.path, 'real'), { mode: 0o755 })
  symlinkSync('real', join(temporary.path, 'link'))
  const store = fileStore({ directory: join(temporary.path, 'link', 'sessions'), key })
  expect(await store.compareAndSet('acme:alice', undefined, createRecord())).toBe(true)
  expect(readdirSync(join(temporary.path, 'real'))).toEqual(['sessions'])
})

it.skipIf(isWindows)('P51 a folder below a folder in which only its own private group can write is taken', async () => {
  // Root's own group has no other members, as the private groups of users.
  chmodSync(temporary.path, isRoot ? 0o775 : 0o755)
  const store = fileStore({ directory, key })
  expect(await store.compareAndSet('acme:alice', undefined, createRecord())).toBe(true)
})

const recordTroubles = [
  {
    name: 'that others can read',
    spoil: (path: string) => chmodSync(path, 0o644),
    why: /its mode is 644.*Run: chmod 600/,
  },
  {
    name: 'that is a symbolic link',
    spoil(path: string) {
      renameSync(path, `${path}-elsewhere`)
      symlinkSync(`${path}-elsewhere`, path)
    },
    why: /it is a symbolic link/,
  },
  {
    name: 'that is a folder',
    spoil(path: string) {
      rmSync(path)
      mkdirSync(path)
    },
    why: /it is not a file/,
  },
]

it.skipIf(isWindows).each(recordTroubles)(
  'P51 a record $name is refused by path and reason, and left as it is',
  async ({ spoil, why }) => {
    const store = fileStore({ directory, key })
    await store.compareAndSet('acme:alice', undefined, createRecord())
    const path = recordFile(directory, 'acme:alice')
    spoil(path)
    const next = createRecord({ revision: 'revision-2' })
    for (const attempt of [
      () => store.read('acme:alice'),
      () => store.compareAndSet('acme:alice', 'revision-1', next),
      () => store.check('acme:alice'),
    ]) {
      const error = await errorOf(attempt)
      expect(error).toMatchObject({ code: 'recordUnreadable', message: expect.stringMatching(why) })
      expect(error.message).toContain(path)
    }
  },
)

it.skipIf(isWindows)('P51 a pipe in the place of a record is refused at once, rather than waited for', async () => {
  const store = fileStore({ directory, key })
  await store.compareAndSet('acme:alice', undefined, createRecord())
  const path = recordFile(directory, 'acme:alice')
  rmSync(path)
  execFileSync('mkfifo', ['-m', '600', path])
  expect((await errorOf(() => store.read('acme:alice'))).message).toMatch(/it is not a file/)
})

it.skipIf(isWindows).each(['lease', 'write'])(
  'P51 a symbolic link in the place of the %s lock is not followed, and nothing is made where it leads',
  async (name) => {
    mkdirSync(directory, { mode: 0o700 })
    const path = join(directory, `${fileStem('acme:alice')}.${name}`)
    symlinkSync(join(temporary.path, 'elsewhere'), path)
    const store = fileStore({ directory, key })
    const attempt = () =>
      name === 'lease'
        ? store.lease('acme:alice', { signal: AbortSignal.timeout(5_000) })
        : store.compareAndSet('acme:alice', undefined, createRecord())
    expect((await errorOf(attempt)).message).toBe(`The lock ${path} is not used: it is a symbolic link. Remove it.`)
    expect(readdirSync(temporary.path)).toEqual(['sessions'])
  },
)

async function errorOf(attempt: () => Promise<unknown>): Promise<Error> {
  const error = await attempt().catch((thrown: unknown) => thrown)
  expect(error).toSatisfy(isStoreError)
  return error as Error
}
