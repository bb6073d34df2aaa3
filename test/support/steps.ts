/**
 * Loaded into a program, tells where it is in its writing of files, and kills it there if it is told to. By the
 * functions of `node:fs/promises`, whose imports change with them, so that the store knows nothing of it.
 */
import type { FileHandle } from 'node:fs/promises'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { kill, pid } from 'node:process'

/** At which step the program kills itself: `intent: renamed`, say. */
const deadlyStep = process.env.AUTHCHART_TEST_DEADLY_STEP

let writing = 'other'

/** Says which record is being written from now on. */
export function nowWriting(what: string): void {
  writing = what
}

/** Says that the program has come to a step; nothing comes after a deadly one. */
export function reach(step: string): void {
  if (step === deadlyStep) kill(pid, 'SIGKILL')
}

type FileSystem = typeof import('node:fs/promises')

const fileSystem = createRequire(import.meta.url)('node:fs/promises') as {
  -readonly [Name in keyof FileSystem]: FileSystem[Name]
}
const { open, rename } = fileSystem

fileSystem.open = async (path, flags, mode) => {
  const handle = await open(path, flags, mode)
  const isTemporary = String(path).endsWith('.tmp')
  const isFolder = (await handle.stat()).isDirectory()
  if (isTemporary) reach(`${writing}: temporary file made`)
  if (isTemporary) follow(handle, { writeFile: 'written', sync: 'synced' })
  if (isFolder) follow(handle, { sync: 'folder synced' })
  return handle
}
fileSystem.rename = async (from, to) => {
  await rename(from, to)
  reach(`${writing}: renamed`)
}
syncBuiltinESMExports()

function follow(handle: FileHandle, steps: Readonly<Partial<Record<'writeFile' | 'sync', string>>>): void {
  for (const [name, step] of Object.entries(steps) as ['writeFile' | 'sync', string][]) {
    const method = handle[name].bind(handle) as (...argumentList: unknown[]) => Promise<void>
    handle[name] = async (...argumentList: unknown[]) => {
      await method(...argumentList)
      reach(`${writing}: ${step}`)
    }
  }
}
