import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileStore } from '@authchart/node-store'
import { expect, it } from 'vitest'
import { recordFile } from '../support/folder-place.ts'
import type { FoldersVisited, VisitFoldersInput } from '../support/programs/visit-folders.ts'
import { createRecord } from '../support/session-records.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

/** So many files and connections a process may have open; the usual limit is 1,024. */
const openFiles = 100
const program = fileURLToPath(new URL('../support/programs/visit-folders.ts', import.meta.url))

it.skipIf(process.platform === 'win32')(
  'P87 30,000 sessions in a folder are listed, whole and by pages, with few files open, and slow no write',
  async () => {
    await using temporary = createTemporaryFolder()
    const [few, many] = [join(temporary.path, 'few'), join(temporary.path, 'many')]
    await fill(few, 10)
    await fill(many, 30_000)
    const visited = visit({ few, many, record: createRecord(), writes: 21 })
    expect(visited).toMatchObject({
      listed: 30_000,
      pages: [5_000, 5_000, 5_000, 5_000, 5_000, 5_000, 0],
      keysOfPages: 30_000,
      unreadable: [],
    })
    // Reading the folder alone takes longer than that.
    expect(median(visited.many)).toBeLessThan(3 * median(visited.few) + 5)
  },
)

/** Puts sessions into a folder that were signed out, by copies of the file of one. */
async function fill(directory: string, count: number): Promise<void> {
  const store = fileStore({ directory, unsealed: true })
  const record = createRecord({ status: 'signedOut', secrets: undefined })
  await store.compareAndSet('acme:0', undefined, record)
  for (let index = 1; index < count; index += 1) {
    const key = `acme:${index}`
    const text = JSON.stringify({ authchart: 1, key, record })
    writeFileSync(recordFile(directory, key), text, { mode: 0o600 })
  }
}

function visit(input: VisitFoldersInput): FoldersVisited {
  const script = `ulimit -n ${openFiles}; exec "$0" "$@"`
  const command = [process.execPath, '--conditions=@authchart/source', program, JSON.stringify(input)]
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, ...command], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout) as FoldersVisited
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? Number.NaN
}
