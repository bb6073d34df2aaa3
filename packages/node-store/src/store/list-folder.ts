import { readdir } from 'node:fs/promises'
import { emitWarning } from 'node:process'
import { isStoreError, type SessionSummary, type StoreError, summarizeRecord } from '@authchart/core/store'
import { toFileError } from '../folder/file-error.ts'
import { isRecordFileName, recordFileName } from '../folder/file-names.ts'
import { type FoundFile, readOwnFile } from '../folder/read-file.ts'
import type { SessionFolder } from '../folder/session-folder.ts'
import { fromNewerVersion, unreadable } from '../sealed/record-codec.ts'
import { parseRecordFile, type RecordFile } from '../sealed/record-file.ts'

/** What a listing says of what it leaves out. */
export interface ListOptions {
  /**
   * Called once for each file that `list()` and `page()` leave out because it cannot be read. Default: a process warning
   * with the code `AUTHCHART_RECORD_UNREADABLE`.
   */
  readonly onUnreadable?: ((error: StoreError) => void) | undefined
}

/** How many files a listing has open at once: processes may have a thousand, and need them for connections. */
const filesAtOnce = 16

/** Lists the clear parts of a folder's records; needs no key. */
export function createFolderList(
  folder: SessionFolder,
  { onUnreadable = warn }: ListOptions,
): (part?: { after?: string; limit?: number }) => Promise<SessionSummary[]> {
  const told = new Set<string>()

  async function tellOnce(error: StoreError, fileName: string): Promise<void> {
    const cause = `${fileName} ${error.message}`
    if (told.has(cause)) return
    told.add(cause)
    // What it throws, now or later, is the listing's to say.
    await onUnreadable(error)
  }

  async function summarize(fileName: string): Promise<SessionSummary | undefined> {
    try {
      const found = await readOwnFile(folder, fileName)
      // Gone since the folder was read.
      if (found === undefined) return undefined
      const { key, clear } = parseClearPart(found, fileName)
      return summarizeRecord(key, clear)
    } catch (error) {
      await tellOnce(isStoreError(error) ? error : toFileError(error, `read ${folder.pathOf(fileName)}`), fileName)
      return undefined
    }
  }

  return async ({ after, limit = Infinity } = {}) => {
    if (!folder.isThere()) return []
    // In the order of their names, which are hashes: it stays the same, and needs no file opened.
    const fileNames = (await readNames(folder)).filter(isRecordFileName).sort()
    const last = after === undefined ? '' : recordFileName(after)
    const summaries: SessionSummary[] = []
    let index = fileNames.findIndex((fileName) => fileName > last)
    while (index !== -1 && index < fileNames.length && summaries.length < limit) {
      const batch = fileNames.slice(index, index + Math.min(filesAtOnce, limit - summaries.length))
      index += batch.length
      const read = await Promise.all(batch.map(summarize))
      summaries.push(...read.filter((summary) => summary !== undefined))
    }
    return summaries
  }
}

async function readNames(folder: SessionFolder): Promise<string[]> {
  try {
    return await readdir(folder.path)
  } catch (error) {
    throw toFileError(error, `list ${folder.path}`)
  }
}

function parseClearPart(found: FoundFile, fileName: string): RecordFile {
  const parsed = parseRecordFile(found.bytes.toString('utf8'))
  if (parsed.kind === 'newerFormat') throw fromNewerVersion(found.path)
  if (parsed.kind === 'unreadable') throw unreadable(found, { problem: parsed.problem })
  if (recordFileName(parsed.file.key) === fileName) return parsed.file
  throw unreadable(found, { problem: 'it belongs to another session' })
}

function warn({ message }: StoreError): void {
  emitWarning(message, { code: 'AUTHCHART_RECORD_UNREADABLE' })
}
