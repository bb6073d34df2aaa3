import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { isStoreError } from '@authchart/core/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTemporaryFolder, type TemporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { createSessionFolder, type SessionFolder } from '../folder/session-folder.ts'
import { acquireLock, lockPause } from './acquire-lock.ts'
import { chooseLocks } from './choose-locks.ts'
import { tryKernelLock } from './kernel-lock.ts'
import { isSameFile, loadNativeLocks, tryNativeLock } from './native-lock.ts'
import { trySqliteLock } from './sqlite-lock.ts'

const never = new AbortController().signal

const fileName = 'a.lock'
let temporary: TemporaryFolder
let folder: SessionFolder
let path: string

beforeEach(() => {
  temporary = createTemporaryFolder()
  folder = createSessionFolder(temporary.path)
  path = join(temporary.path, fileName)
})

afterEach(() => temporary[Symbol.asyncDispose]())

describe('a lock of the kernel', () => {
  it('is had once, is given back by closing, and leaves its file', async () => {
    const lock = await tryKernelLock(folder, fileName)
    expect(await tryKernelLock(folder, fileName)).toBeUndefined()
    await lock?.release()
    expect(existsSync(path)).toBe(true)
    const next = await tryKernelLock(folder, fileName)
    expect(next).toBeDefined()
    await next?.release()
  })

  it('is not given back by closing another descriptor of its file, as POSIX locks would be', async () => {
    const lock = await tryKernelLock(folder, fileName)
    closeSync(openSync(path, 'r+'))
    expect(await tryKernelLock(folder, fileName)).toBeUndefined()
    await lock?.release()
  })

  it('says yes again on the descriptor that has it, which is why each try has its own', () => {
    const descriptor = openSync(path, 'w+')
    expect([1, 2].map(() => loadNativeLocks().tryLock(descriptor))).toEqual([true, true])
    closeSync(descriptor)
  })

  it('does not count when its file was replaced between opening and locking it', async () => {
    const locks = loadNativeLocks()
    const { tryLock } = locks
    locks.tryLock = (descriptor) => {
      locks.tryLock = tryLock
      rmSync(path)
      writeFileSync(path, '', { mode: 0o600 })
      return tryLock(descriptor)
    }
    expect(await tryKernelLock(folder, fileName)).toBeUndefined()
    const lock = await tryKernelLock(folder, fileName)
    expect(await lock?.isInPlace()).toBe(true)
    await lock?.release()
  })

  it('is refused where the file system lends it twice, as some on the network do', async () => {
    const locks = loadNativeLocks()
    const { tryLock } = locks
    locks.tryLock = () => true
    try {
      await expect(tryKernelLock(folder, fileName)).rejects.toMatchObject({
        code: 'storeMissing',
        message: expect.stringMatching(/lends one lock twice.*Name a directory on a local disk/),
      })
    } finally {
      locks.tryLock = tryLock
    }
  })

  it('is had by one of many who poll', async () => {
    let holders = 0
    let most = 0
    const work = Array.from({ length: 10 }, async () => {
      const lock = await acquireLock(folder, fileName, { signal: never, keepAlive: true })
      holders += 1
      most = Math.max(most, holders)
      expect(await tryKernelLock(folder, fileName)).toBeUndefined()
      holders -= 1
      await lock.release()
    })
    await Promise.all(work)
    expect(most).toBe(1)
  })
})

describe.each([
  ['the native addon', tryNativeLock],
  ['SQLite', trySqliteLock],
])('a lock by %s', (_name, tryLock) => {
  it('is had once, is given back, and leaves its file, which is empty and for its user alone', async () => {
    const lock = await tryLock(folder, path)
    expect(await tryLock(folder, path)).toBeUndefined()
    await lock?.release()
    const next = await tryLock(folder, path)
    expect(next).toBeDefined()
    await next?.release()
    expect(readdirSync(folder.path)).toEqual([fileName])
    expect(statSync(path)).toMatchObject({ size: 0, mode: 0o100600 })
  })

  it('is not in place any more when its file was removed or replaced', async () => {
    const lock = await tryLock(folder, path)
    expect(await lock?.isInPlace()).toBe(true)
    renameSync(path, `${path}.old`)
    expect(await lock?.isInPlace()).toBe(false)
    writeFileSync(path, '', { mode: 0o600 })
    expect(await lock?.isInPlace()).toBe(false)
    await lock?.release()
  })

  it('is not taken at a symbolic link, nor at a file that others can read', async () => {
    symlinkSync(join(folder.path, 'elsewhere'), path)
    const message = expect.stringMatching(/is not used: it is a symbolic link/)
    await expect(tryLock(folder, path)).rejects.toMatchObject({ code: 'storeUnavailable', message })
    rmSync(path)
    writeFileSync(path, '', { mode: 0o644 })
    await expect(tryLock(folder, path)).rejects.toMatchObject({ message: expect.stringMatching(/chmod 600/) })
  })

  it('is not had while the native addon has it', async () => {
    const lock = await tryNativeLock(folder, path)
    expect(await tryLock(folder, path)).toBeUndefined()
    await lock?.release()
  })
})

it('a lock by SQLite outlasts other tries of this process, and keeps out the native addon of another', async () => {
  const lock = await trySqliteLock(folder, path)
  expect(await trySqliteLock(folder, path)).toBeUndefined()
  expect(tryInAnotherProcess()).toBe('false')
  await lock?.release()
  expect(tryInAnotherProcess()).toBe('true')
})

/** What the native addon answers there. Not here: closing its descriptor would end the lock. */
function tryInAnotherProcess(): string {
  const addon = JSON.stringify(createRequire(import.meta.url).resolve('fs-native-extensions'))
  const program = `require(${addon}).tryLock(require('node:fs').openSync(${JSON.stringify(path)}, 'r+'))`
  return execFileSync(process.execPath, ['-p', program], { encoding: 'utf8' }).trim()
}

it.each([
  ['linux', { dev: 1n, ino: 7n }, true],
  ['linux', { dev: 2n, ino: 7n }, false],
  ['darwin', { dev: 2n, ino: 7n }, false],
  // The volume that Windows does not tell of a path.
  ['win32', { dev: 0n, ino: 7n }, true],
  ['win32', { dev: 1n, ino: 8n }, false],
])('on %s, the file at the path %o is the open one: %s', (platform, there, isSame) => {
  expect(isSameFile({ dev: 1n, ino: 7n }, there, { platform })).toBe(isSame)
})

describe('the choice of locks', () => {
  const node = { node: '24.21.0' }
  const there = () => ({})
  const missing = (code: string) => () => {
    throw Object.assign(new Error(), { code })
  }
  const crashes = () => expect.fail('It ends the process of Bun and Deno.')

  it.each([
    ['the addon in Node', node, there, tryNativeLock],
    ['SQLite in Node on musl', node, missing('ADDON_NOT_FOUND'), trySqliteLock],
    ['SQLite in Bun, without loading the addon', { ...node, bun: '1.4.5' }, crashes, trySqliteLock],
    ['SQLite in Deno, without loading the addon', { ...node, deno: '2.9.6' }, crashes, trySqliteLock],
  ])('is %s', (_name, versions, loadAddon, chosen) => {
    expect(chooseLocks({ versions, loadNativeLocks: loadAddon, loadSqlite: there })).toBe(chosen)
  })

  it('says what is missing where there is neither', () => {
    const loadSqlite = missing('ERR_UNKNOWN_BUILTIN_MODULE')
    try {
      chooseLocks({ versions: node, loadNativeLocks: missing('ADDON_NOT_FOUND'), loadSqlite })
      expect.fail('Nothing was thrown.')
    } catch (error) {
      expect(error).toSatisfy(isStoreError)
      const message = expect.stringMatching(
        /ADDON_NOT_FOUND; node:sqlite: ERR_UNKNOWN_BUILTIN_MODULE.*Node has from 22.13/,
      )
      expect(error).toMatchObject({ code: 'storeMissing', message })
    }
  })
})

describe('the pause between two tries', () => {
  it.each([
    [0, 0, 2],
    [0, 1, 3],
    [3, 1, 10],
    [20, 0, 2],
    [20, 1, 50],
  ])('after %i tries and a random number of %d is %d ms', (attempt, random, milliseconds) => {
    expect(lockPause(attempt, random)).toBe(milliseconds)
  })
})
