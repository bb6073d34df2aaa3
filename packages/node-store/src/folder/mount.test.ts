import fileSystem, { mkdtemp, open, readFile, rm, statfs } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tryKernelLock } from '../lock/kernel-lock.ts'
import { createFolderWatch } from '../store/folder-watch.ts'
import { judgeHints, judgeLocks, parseMount } from './mount.ts'
import { createSessionFolder } from './session-folder.ts'

const mounts = `22 28 0:21 / /proc rw,relatime shared:5 - proc proc rw
28 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
40 28 0:50 / /home rw,relatime shared:20 - nfs4 nas:/home rw,vers=4.2,local_lock=none,addr=10.0.0.2
41 28 0:51 / /old rw,relatime - nfs nas:/old rw,vers=3,nolock,local_lock=all
42 28 0:52 / /share rw - cifs //nas/share rw,vers=3.0,nobrl
43 28 0:53 / /far rw,nosuid - fuse.sshfs me@host: rw,user_id=1000
`

describe('a mount', () => {
  it('is found by its number, with all its options', () => {
    expect(parseMount('40', mounts)).toEqual({
      type: 'nfs4',
      options: ['rw', 'relatime', 'rw', 'vers=4.2', 'local_lock=none', 'addr=10.0.0.2'],
    })
    expect(parseMount('43', mounts)?.type).toBe('fuse.sshfs')
    expect(parseMount('4', mounts)).toBeUndefined()
  })

  it.each([
    ['nfs4', ['local_lock=none'], undefined],
    ['nfs', ['local_lock=flock'], undefined],
    ['nfs', ['nolock', 'local_lock=all'], /`local_lock=all`/],
    ['nfs', ['local_lock=posix'], /`local_lock=posix`/],
    ['nfs', ['nolock'], /`nolock`/],
    ['cifs', ['nobrl'], /`nobrl`/],
    ['cifs', [], undefined],
    ['smb3', ['nobrl'], /`nobrl`/],
    ['fuse.sshfs', [], /sshfs does not tell/],
    ['fuse.s3fs', [], /s3fs does not tell/],
    ['fuse.gocryptfs', [], undefined],
    ['ext4', ['nolock'], undefined],
  ])('P83 of the type %s with %j keeps locks from other machines: %s', (type, options, problem) => {
    const judged = judgeLocks({ type, options })
    if (problem === undefined) expect(judged).toBeUndefined()
    else expect(judged).toMatch(problem)
  })

  it('P76 that other machines share does not tell what they change', () => {
    expect(judgeHints({ type: 'nfs4', options: [] })).toMatch(/other machines .* type nfs4/)
    expect(judgeHints(undefined)).toBeUndefined()
  })
})

describe.skipIf(process.platform !== 'linux')('a folder on such a mount, which this machine is made to report', () => {
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'authchart-'))
  })

  afterEach(async () => {
    Object.assign(fileSystem, { statfs, readFile })
    syncBuiltinESMExports()
    await rm(directory, { recursive: true })
  })

  async function report(options: string): Promise<void> {
    const id = await mountIdOf(directory)
    const original = { statfs, readFile }
    Object.assign(fileSystem, {
      statfs: async (path: string) => ({ ...(await original.statfs(path)), type: 0x6969 }),
      readFile: async (path: string, encoding: 'utf8') =>
        path === '/proc/self/mountinfo'
          ? `${id} 1 0:50 / / rw - nfs4 nas:/ rw,${options}\n`
          : original.readFile(path, encoding),
    })
    syncBuiltinESMExports()
  }

  it('P83 is refused where its locks keep out this machine alone, naming the option and the folder', async () => {
    await report('local_lock=all')
    const error = await tryKernelLock(createSessionFolder(directory), 'a.lock').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'storeMissing',
      message: expect.stringMatching(/`local_lock=all`, which hides locks .*Name a directory on a local disk/),
    })
    expect((error as Error).message).toContain(directory)
  })

  it('P83 is taken where other machines see its locks', async () => {
    await report('local_lock=none')
    await (await tryKernelLock(createSessionFolder(directory), 'a.lock'))?.release()
  })

  it('P76 says once that hints are missing, and gives those of this machine all the same', async () => {
    await report('local_lock=none')
    const losses: string[] = []
    const watch = createFolderWatch(createSessionFolder(directory))
    const hinted = Promise.withResolvers<void>()
    const lost = Promise.withResolvers<void>()
    const unwatch = watch.add('a', hinted.resolve, ({ message }) => {
      losses.push(message)
      lost.resolve()
    })
    await lost.promise
    await (await open(join(directory, 'a'), 'w')).close()
    await hinted.promise
    unwatch()
    expect(losses).toEqual([expect.stringMatching(/nfs4/)])
  })
})

async function mountIdOf(path: string): Promise<string> {
  await using handle = await open(path)
  const text = await readFile(`/proc/self/fdinfo/${handle.fd}`, 'utf8')
  return /^mnt_id:\s*(\d+)/m.exec(text)?.[1] ?? ''
}
