import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { syncFolder } from './write-file.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'authchart-'))
})
afterEach(() => rm(directory, { recursive: true }))

it.each(['linux', 'darwin'])(
  'P34 on %s a folder is written to disk, and one that is not there is an error',
  async (platform) => {
    await syncFolder(directory, { platform })
    await expect(syncFolder(join(directory, 'gone'), { platform })).rejects.toMatchObject({ code: 'ENOENT' })
  },
)

it('P34 on Windows, which refuses to flush folders, none is touched', async () => {
  await syncFolder(join(directory, 'gone'), { platform: 'win32' })
})
