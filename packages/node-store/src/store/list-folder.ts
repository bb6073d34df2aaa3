import { readdir } from 'node:fs/promises'
import { emitWarning } from 'node:process'
import { isStoreError, StoreError } from '@authchart/core/store'
import { toFileError } from '../folder/file-error.ts'
import { isRecordFileName, recordFileName } from '../folder/file-names.ts'
import { readOwnFile } from '../folder/read-file.ts'
import type { SessionFolder } from '../folder/session-folder.ts'
import { parseRecordFile, type RecordFile } from '../sealed/record-file.ts'

/** What a listing says of what it leaves out. */
export interface ListOptions {
  /**
   * Called once for each file that is left out of `list()` because it cannot be read. Default: a process warning with
   * the code `AUTHCHART_RECORD_UNREADABLE`.
   */
  readonly onUnreadable?: ((error: StoreError) => void) | undefined
}

/** What was told already, so that each is told once. */
const told = new WeakMap<SessionFolder, Set<string>>()

/** The clear parts of all records in a folder; needs no key. */
export async function listFolder(folder: SessionFolder, options: ListOptions): Promise<RecordFile[]> {
  const fileNames = await readdir(folder.path).catch((error: unknown) => {
    throw toFileError(error, `list ${folder.path}`)
  })
  const files = await Promise.all(
    fileNames.filter(isRecordFileName).map((name) => readClearPart(folder, name, options)),
  )
  return files.filter((file) => file !== undefined)
}

async function readClearPart(
  folder: SessionFolder,
  fileName: string,
  options: ListOptions,
): Promise<RecordFile | undefined> {
  try {
    const text = await readOwnFile(folder.pathOf(fileName))
    // Gone since the folder was read.
    return text === undefined ? undefined : parseClearPart(folder.pathOf(fileName), { text, fileName })
  } catch (error) {
    tellOnce(
      isStoreError(error) ? error : toFileError(error, `read ${folder.pathOf(fileName)}`),
      { folder, fileName },
      options,
    )
    return undefined
  }
}

function parseClearPart(path: string, { text, fileName }: { text: string; fileName: string }): RecordFile {
  const parsed = parseRecordFile(text)
  if (parsed.kind === 'newerFormat') {
    throw new StoreError(
      'recordFromNewerVersion',
      `The session at ${path} was written by a newer version of authchart; it is not listed.`,
    )
  }
  const problem = parsed.kind === 'unreadable' ? parsed.problem : undefined
  if (parsed.kind === 'file' && recordFileName(parsed.file.key) === fileName) return parsed.file
  throw new StoreError(
    'recordUnreadable',
    `The session at ${path} is not listed: ${problem ?? 'its name is that of another session'}. It was left as it is; remove it to sign in anew.`,
  )
}

function tellOnce(
  error: StoreError,
  { folder, fileName }: { folder: SessionFolder; fileName: string },
  { onUnreadable = warn }: ListOptions,
): void {
  const set = told.get(folder) ?? new Set()
  told.set(folder, set)
  const cause = `${fileName} ${error.message}`
  if (set.has(cause)) return
  set.add(cause)
  onUnreadable(error)
}

function warn({ message }: StoreError): void {
  emitWarning(message, { code: 'AUTHCHART_RECORD_UNREADABLE' })
}
