import { closeSync, existsSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTemporaryFolder, type TemporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { createSessionFolder, type SessionFolder } from '../folder/session-folder.ts'
import { acquireLock, lockPause } from './acquire-lock.ts'
import { takeTurn } from './fair-queue.ts'
import { tryKernelLock } from './kernel-lock.ts'
import { loadNativeLocks } from './native-lock.ts'

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

  it('is not in place any more when its file was removed or replaced', async () => {
    const lock = await tryKernelLock(folder, fileName)
    expect(await lock?.isInPlace()).toBe(true)
    renameSync(path, `${path}.old`)
    expect(await lock?.isInPlace()).toBe(false)
    writeFileSync(path, '', { mode: 0o600 })
    expect(await lock?.isInPlace()).toBe(false)
    await lock?.release()
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
      await new Promise((resolve) => setTimeout(resolve, 1))
      holders -= 1
      await lock.release()
    })
    await Promise.all(work)
    expect(most).toBe(1)
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

describe('the queue within the process', () => {
  it('is left by a call that gives up, and those behind it wait for their turn', async () => {
    const order: string[] = []
    const end = await takeTurn('queue', never)
    const controller = new AbortController()
    const leaving = takeTurn('queue', controller.signal).catch((reason: unknown) => order.push(`left: ${reason}`))
    const last = takeTurn('queue', never).then((endLast) => {
      order.push('last')
      endLast()
    })
    controller.abort('no time')
    await leaving
    await new Promise((resolve) => setTimeout(resolve, 1))
    expect(order).toEqual(['left: no time'])
    end()
    await last
    expect(order).toEqual(['left: no time', 'last'])
  })
})
