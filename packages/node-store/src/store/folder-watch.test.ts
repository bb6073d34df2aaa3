import fileSystem, { mkdirSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import type { StoreError } from '@authchart/core/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventually } from '../../../../test/support/eventually.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { createSessionFolder } from '../folder/session-folder.ts'
import { createFolderWatch, type FolderWatch } from './folder-watch.ts'

let temporary: TemporaryFolder
let directory: string
let folderWatch: FolderWatch
let hints: number
let losses: StoreError[]

beforeEach(() => {
  temporary = createTemporaryFolder()
  directory = join(temporary.path, 'state', 'sessions')
  folderWatch = createFolderWatch(createSessionFolder(directory))
  hints = 0
  losses = []
})

afterEach(async () => {
  allowWatching(true)
  await temporary[Symbol.asyncDispose]()
})

function listen(): () => void {
  return folderWatch.add(
    'a',
    () => (hints += 1),
    (error) => losses.push(error),
  )
}

/** As where the user's inotify instances are used up. */
function allowWatching(isAllowed: boolean): void {
  const refuse = () => {
    throw Object.assign(new Error('EMFILE: too many open files, watch'), { code: 'EMFILE' })
  }
  Object.assign(fileSystem, { watch: isAllowed ? original : refuse })
  syncBuiltinESMExports()
}
const original = watch

async function expectHintAfter(change: () => void): Promise<void> {
  const before = hints
  change()
  await eventually(() => hints > before, { description: 'a hint' })
}

const write = () => writeFileSync(join(directory, 'a'), String(Math.random()))

const removals: readonly [string, () => void][] = [
  ['removed', () => rmSync(directory, { recursive: true })],
  ['renamed', () => renameSync(directory, `${directory}-old`)],
  ['removed with the folder above it', () => rmSync(join(temporary.path, 'state'), { recursive: true })],
  ['renamed with the folder above it', () => renameSync(join(temporary.path, 'state'), join(temporary.path, 'old'))],
]

it.each(removals)(
  'P76 a folder that is %s is not made by the watch, and is watched again once it is there',
  async (_name, remove) => {
    const unwatch = listen()
    await expectHintAfter(write)
    await expectHintAfter(remove)
    await expectHintAfter(() => mkdirSync(directory, { recursive: true, mode: 0o700 }))
    // By events again: quicker than the next look.
    await expectHintAfter(write)
    await expectHintAfter(write)
    unwatch()
    expect(losses).toEqual([])
  },
)

it('P76 a folder that is replaced in one go is watched', async () => {
  mkdirSync(`${directory}-backup`, { recursive: true, mode: 0o700 })
  const unwatch = listen()
  await expectHintAfter(write)
  await expectHintAfter(() => {
    rmSync(directory, { recursive: true })
    renameSync(`${directory}-backup`, directory)
  })
  await expectHintAfter(write)
  unwatch()
})

it('P76 says once to each listener that the system does not tell, and goes on when it does again', async () => {
  allowWatching(false)
  const unwatch = listen()
  expect(losses).toEqual([])
  await eventually(() => losses.length === 1, { description: 'the loss' })
  expect(losses[0]).toMatchObject({ code: 'storeUnavailable', message: expect.stringMatching(/\(EMFILE\)/) })
  expect(losses[0]?.message).toContain(directory)
  const unwatchLater = listen()
  await eventually(() => losses.length === 2, { description: 'the loss, for the later listener' })
  await expectHintAfter(() => allowWatching(true))
  await expectHintAfter(write)
  unwatch()
  unwatchLater()
  expect(losses).toHaveLength(2)
})

it('P76 looks by itself for a listener that is not told of losses', async () => {
  allowWatching(false)
  const unwatch = folderWatch.add('a', () => (hints += 1))
  await expectHintAfter(() => {})
  await expectHintAfter(() => {})
  unwatch()
})

it('tells of another loss when the first was over', async () => {
  const unwatch = listen()
  await expectHintAfter(write)
  allowWatching(false)
  await expectHintAfter(() => rmSync(directory, { recursive: true }))
  mkdirSync(directory, { mode: 0o700 })
  await eventually(() => losses.length === 1, { description: 'the loss' })
  unwatch()
})

it('waits for a folder that cannot be made yet, and calls no listener that was removed', async () => {
  writeFileSync(join(temporary.path, 'state'), 'in the way')
  const unwatch = listen()
  const unwatchOther = folderWatch.add('a', () => expect.fail('It was removed.'))
  unwatchOther()
  await expectHintAfter(() => {
    rmSync(join(temporary.path, 'state'))
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  })
  unwatch()
})
