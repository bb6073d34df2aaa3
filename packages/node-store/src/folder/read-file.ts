import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { type ReplaceToken, StoreError } from '@authchart/core/store'
import { errorCodeOf, toFileError } from './file-error.ts'
import { accessFacts } from './judge-access.ts'
import type { SessionFolder } from './session-folder.ts'
import { noFollow } from './write-file.ts'

/** A file as it was found. */
export interface FoundFile {
  readonly path: string
  readonly bytes: Buffer
}

/**
 * A file that only its user can write, whole; `undefined` where there surely is none.
 * @throws StoreError `recordUnreadable` for a link, a folder, another user's file, or one that others can read
 */
export async function readOwnFile(folder: SessionFolder, fileName: string): Promise<FoundFile | undefined> {
  const path = folder.pathOf(fileName)
  try {
    // Without waiting: a pipe in the place of the file would be waited for without end.
    const file = await open(path, constants.O_RDONLY | noFollow | (constants.O_NONBLOCK ?? 0))
    try {
      refuse(path, folder.judgeFile(path, accessFacts(await file.stat())))
      return { path, bytes: await file.readFile() }
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

/** Names the bytes of a file that cannot be understood. Of the bytes: what is torn may not be text. */
export function replaceTokenOf({ bytes }: FoundFile): ReplaceToken {
  return createHash('sha256').update(bytes).digest('base64url')
}

function refuse(path: string, problem: string | undefined): void {
  if (problem === undefined) return
  throw new StoreError('recordUnreadable', `The session at ${path} is not read: ${problem}. It was left as it is.`)
}
