import type { SessionRecord } from '@authchart/core/store'
import { fileStore } from '@authchart/node-store'

/** Two folders of sessions that are not sealed, one with few of them and one with many. */
export interface VisitFoldersInput {
  readonly few: string
  readonly many: string
  readonly record: SessionRecord
  readonly writes: number
}

/** What was found there. */
export interface FoldersVisited {
  readonly listed: number
  readonly pages: readonly number[]
  readonly keysOfPages: number
  readonly unreadable: readonly string[]
  /** How long each write took, in milliseconds. */
  readonly few: readonly number[]
  readonly many: readonly number[]
}

const { few, many, record, writes } = JSON.parse(process.argv[2] ?? '{}') as VisitFoldersInput
const unreadable: string[] = []
const open = (directory: string) =>
  fileStore({ directory, unsealed: true, onUnreadable: ({ message }) => unreadable.push(message) })

const store = open(many)
const listed = await store.list()
const keys = new Set<string>()
const pages: number[] = []
for (let after: string | undefined; pages.length === 0 || pages.at(-1) === 5_000; ) {
  const page = await store.page({ after, limit: 5_000 })
  for (const { key } of page) keys.add(key)
  pages.push(page.length)
  after = page.at(-1)?.key
}
const times = { few: [] as number[], many: [] as number[] }
for (let index = 0; index < writes; index += 1) {
  times.few.push(await timeWrite(few, index))
  times.many.push(await timeWrite(many, index))
}
const visited: FoldersVisited = { listed: listed.length, pages, keysOfPages: keys.size, unreadable, ...times }
console.log(JSON.stringify(visited))

/** By a store that was just opened, as of a program that refreshes once. */
async function timeWrite(directory: string, index: number): Promise<number> {
  const opened = open(directory)
  const began = performance.now()
  const current = await opened.read('acme:alice')
  const isWritten = await opened.compareAndSet('acme:alice', current?.revision, { ...record, revision: `by-${index}` })
  if (!isWritten) throw new Error('Another writer was there.')
  return performance.now() - began
}
