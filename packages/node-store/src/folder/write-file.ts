import { constants } from 'node:fs'
import { type FileHandle, open, rename, unlink } from 'node:fs/promises'
import { platform } from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { StoreError } from '@authchart/core/store'
import { errorCodeOf, toFileError } from './file-error.ts'
import { isTemporaryFileOf, recordFileName, temporaryFileName } from './file-names.ts'
import { readOwnFile } from './read-file.ts'
import type { SessionFolder } from './session-folder.ts'

/** `O_NOFOLLOW` is 0 on Windows, which has no such links in the way. */
export const noFollow: number = constants.O_NOFOLLOW ?? 0

const fileMode = 0o600

/** Where a holder of the write lock writes down the name of its temporary file; it outlives a holder that is killed. */
export interface WriteNote {
  readNote(): Promise<string>
  writeNote(text: string): Promise<void>
}

/**
 * Replaces the file of a key's record, whole and for good: a reader sees the old text or the new one, and once this
 * resolves the new one survives a loss of power. Called under the write lock alone, whose note it takes.
 *
 * A throw does not mean that nothing was written: the last step may have failed.
 * @throws StoreError
 */
export async function replaceRecordFile(
  folder: SessionFolder,
  { key, text, note }: { key: string; text: string; note: WriteNote },
): Promise<void> {
  const path = folder.pathOf(recordFileName(key))
  try {
    const temporaryPath = await writeTemporaryFile(folder, { key, text, note })
    await moveOver(temporaryPath, path)
    await syncFolder(folder)
  } catch (error) {
    throw toFileError(error, `write ${path}`)
  }
}

/**
 * That a file can be written in the folder and read back, by doing so. Under the write lock too: the next writer would
 * sweep it away.
 * @throws StoreError
 */
export async function tryWriting(
  folder: SessionFolder,
  { key, text, note }: { key: string; text: string; note: WriteNote },
): Promise<void> {
  try {
    const fileName = temporaryFileName(key)
    const path = await writeTemporaryFile(folder, { key, text, note, fileName })
    await syncFolder(folder)
    const found = await readOwnFile(folder, fileName)
    await unlink(path)
    if (found?.bytes.toString('utf8') === text) return
  } catch (error) {
    throw toFileError(error, `write in ${folder.path}`)
  }
  throw new StoreError(
    'storeUnavailable',
    `Sessions are not kept at ${folder.path}: what was written there was not there when it was read back. Name another directory.`,
  )
}

async function writeTemporaryFile(
  folder: SessionFolder,
  parts: { key: string; text: string; note: WriteNote; fileName?: string },
): Promise<string> {
  const { key, text, note, fileName = temporaryFileName(key) } = parts
  // What a writer left behind that was killed. There is no other writer: we have the write lock.
  const leftBehind = await note.readNote()
  if (isTemporaryFileOf(key, leftBehind)) await removeIfThere(folder.pathOf(leftBehind))
  await note.writeNote(fileName)
  const path = folder.pathOf(fileName)
  await writeDurably(path, text)
  return path
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') throw error
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | noFollow
  const file = await open(path, flags, fileMode)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A rename is written down with its folder, not with the file (fsync(2), notes). */
async function syncFolder(folder: SessionFolder): Promise<void> {
  // Windows opens no folders, and writes renames down by itself.
  if (platform === 'win32') return
  const handle = await unlessRefused(open(folder.path, constants.O_RDONLY | constants.O_DIRECTORY | noFollow))
  try {
    await unlessRefused(handle?.sync())
  } finally {
    await handle?.close()
  }
}

/**
 * Some file systems have no fsync of folders (CIFS before Linux 4.17, some in user space), and say so. The file itself is
 * on disk all the same; a loss of power can bring back the record before it, as it can for all programs there.
 *
 * PostgreSQL lives with EBADF and EINVAL here, and with EISDIR where a folder cannot be opened; the others say the same.
 * @see https://github.com/postgres/postgres/blob/REL_17_STABLE/src/common/file_utils.c (fsync_fname)
 */
async function unlessRefused<Value>(work: Promise<Value> | undefined): Promise<Value | undefined> {
  try {
    return await work
  } catch (error) {
    if (unsupportedCodes.has(errorCodeOf(error) ?? '')) return undefined
    throw error
  }
}

const unsupportedCodes: ReadonlySet<string> = new Set(['EINVAL', 'EBADF', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EISDIR'])

/** On Windows a file cannot be replaced while another program reads it, such as a virus scanner. */
async function moveOver(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await rename(from, to)
    } catch (error) {
      if (platform !== 'win32' || attempt === 10) throw error
      await wait(attempt * 10)
    }
  }
}

/** The note at the head of a file that is locked. */
export function noteIn(handle: FileHandle): WriteNote {
  return {
    async readNote() {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0)
      return buffer.toString('utf8', 0, bytesRead)
    },
    async writeNote(text) {
      await handle.truncate(0)
      await handle.write(text, 0)
    },
  }
}
