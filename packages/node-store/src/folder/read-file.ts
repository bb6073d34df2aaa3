import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { geteuid } from 'node:process'
import { StoreError } from '@authchart/core/store'
import { errorCodeOf, toFileError } from './file-error.ts'
import { accessFacts, judgeAccess } from './judge-access.ts'
import { noFollow } from './write-file.ts'

/**
 * The text of a file that only its user can write; `undefined` where there surely is none.
 * @throws StoreError `recordUnreadable` for a link, a folder, somebody else's file, or one that others can read
 */
export async function readOwnFile(path: string): Promise<string | undefined> {
  try {
    // Without waiting: a pipe in the place of the file would be waited for without end.
    const file = await open(path, constants.O_RDONLY | noFollow | (constants.O_NONBLOCK ?? 0))
    try {
      refuse(path, judgeAccess(accessFacts(await file.stat()), { expected: 'file', userId: geteuid?.() }))
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined
    // `O_NOFOLLOW` says so of a link (open(2)); FreeBSD says EMLINK.
    if (errorCodeOf(error) === 'ELOOP' || errorCodeOf(error) === 'EMLINK') refuse(path, 'it is a symbolic link')
    throw toFileError(error, `read ${path}`)
  }
}

function refuse(path: string, problem: string | undefined): void {
  if (problem === undefined) return
  throw new StoreError('recordUnreadable', `The session at ${path} is not read: ${problem}. It was left as it is.`)
}
