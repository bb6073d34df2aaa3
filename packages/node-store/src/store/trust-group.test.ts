import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isStoreError } from '@authchart/core/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { recordFile } from '../../../../test/support/folder-place.ts'
import { createRecord } from '../../../../test/support/session-records.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { fileStore } from './file-store.ts'

const key = randomBytes(32)
const isRoot = process.geteuid?.() === 0
/** The group `nobody`. */
const nobody = 65_534

let temporary: TemporaryFolder
let directory: string

beforeEach(() => {
  temporary = createTemporaryFolder()
  directory = join(temporary.path, 'sessions')
})

afterEach(() => temporary[Symbol.asyncDispose]())

describe.skipIf(!isRoot)('a volume whose group a container runtime sets', () => {
  /** As Kubernetes does with `fsGroup`, each time that it mounts the volume. */
  function giveToGroup(): void {
    for (const path of [temporary.path, ...allIn(temporary.path)]) {
      const { mode } = statSync(path)
      chownSync(path, 0, nobody)
      chmodSync(path, mode | (statSync(path).isDirectory() ? 0o2770 : 0o660))
    }
  }

  function allIn(folder: string): string[] {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  }

  it('P51 is refused by its folders and files, with the option that helps', async () => {
    giveToGroup()
    expect((await errorOf(() => fileStore({ directory, key }).check('acme:alice'))).message).toMatch(/trustGroup: true/)
    await fileStore({ directory, key, trustGroup: true }).compareAndSet('acme:alice', undefined, createRecord())
    chmodSync(temporary.path, 0o700)
    chmodSync(directory, 0o2770)
    expect((await errorOf(() => fileStore({ directory, key }).read('acme:alice'))).message).toMatch(/trustGroup: true/)
    chmodSync(directory, 0o700)
    chmodSync(recordFile(directory, 'acme:alice'), 0o660)
    expect((await errorOf(() => fileStore({ directory, key }).read('acme:alice'))).message).toMatch(/trustGroup: true/)
  })

  it('P51 serves a store that trusts the group, after each mount', async () => {
    const open = () => fileStore({ directory, key, trustGroup: true })
    giveToGroup()
    await open().check('acme:alice')
    expect(await open().compareAndSet('acme:alice', undefined, createRecord())).toBe(true)
    giveToGroup()
    expect(await open().read('acme:alice')).toEqual(createRecord())
    const next = createRecord({ revision: 'revision-2' })
    expect(await open().compareAndSet('acme:alice', 'revision-1', next)).toBe(true)
    await (await open().lease('acme:alice', { signal: AbortSignal.timeout(5_000) }))[Symbol.asyncDispose]()
    expect((await open().list()).map((summary) => summary.key)).toEqual(['acme:alice'])
  })

  it.each([
    ['the volume', () => temporary.path, 0o777],
    ['the folder', () => directory, 0o775],
    ['a record', () => recordFile(directory, 'acme:alice'), 0o664],
  ])('P51 is refused all the same where all users have access to %s', async (_name, path, mode) => {
    await fileStore({ directory, key, trustGroup: true }).compareAndSet('acme:alice', undefined, createRecord())
    chmodSync(path(), mode)
    const error = await errorOf(() => fileStore({ directory, key, trustGroup: true }).read('acme:alice'))
    expect(error.message).toContain(path())
  })
})

async function errorOf(attempt: () => Promise<unknown>): Promise<Error> {
  const error = await attempt().catch((thrown: unknown) => thrown)
  expect(error).toSatisfy(isStoreError)
  return error as Error
}
