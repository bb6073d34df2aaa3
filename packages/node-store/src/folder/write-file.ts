import { Buffer } from 'node:buffer'
import { constants } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { platform } from 'node:process'
import { StoreError } from '@authchart/core/store'
import { errorCodeOf, toFileError } from './file-error.ts'
import { isTemporaryFileOf, noteFileName, recordFileName, temporaryFileName } from './file-names.ts'
import { accessFacts } from './judge-access.ts'
import { moveOver } from './move-over.ts'
import { readOwnFile } from './read-file.ts'
import type { SessionFolder } from './session-folder.ts'

/** `O_NOFOLLOW` is 0 on Windows, which has no such links in the way. */
export const noFollow: number = constants.O_NOFOLLOW ?? 0

const fileMode = 0o600

/**
 * Replaces the file of a key's record, whole and for good: a reader sees the old text or the new one, and once this
 * resolves the new one survives a loss of power. Called under the write lock alone.
 *
 * A throw does not mean that nothing was written: the last step may have failed.
 * @throws StoreError
 */
export async function replaceRecordFile(
  folder: SessionFolder,
  { key, text }: { key: string; text: string },
): Promise<void> {
  const path = folder.pathOf(recordFileName(key))
  try {
    const temporaryPath = await writeTemporaryFile(folder, { key, text })
    await moveOver(temporaryPath, path)
    await syncFolder(folder.path)
  } catch (error) {
    throw toFileError(error, `write ${path}`)
  }
}

/**
 * That a file can be written in the folder and read back, by doing so. Under the write lock too: the next writer would
 * sweep it away.
 * @throws StoreError
 */
export async function tryWriting(folder: SessionFolder, { key, text }: { key: string; text: string }): Promise<void> {
  try {
    const fileName = temporaryFileName(key)
    const path = await writeTemporaryFile(folder, { key, text, fileName })
    await syncFolder(folder.path)
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
  { key, text, fileName = temporaryFileName(key) }: { key: string; text: string; fileName?: string },
): Promise<string> {
  await changeNote(folder, key, fileName)
  const path = folder.pathOf(fileName)
  await writeDurably(path, text)
  return path
}

/**
 * Writes down which temporary file is written now, and removes the one of a writer that was killed. There is no other
 * writer: we have the write lock. Not in the lock's own file, which stays empty.
 */
async function changeNote(folder: SessionFolder, key: string, fileName: string): Promise<void> {
  const path = folder.pathOf(noteFileName(key))
  const note = await open(path, constants.O_RDWR | constants.O_CREAT | noFollow, fileMode)
  try {
    const problem = folder.judgeFile(path, accessFacts(await note.stat()))
    if (problem !== undefined) throw new StoreError('storeUnavailable', `The note ${path} is not used: ${problem}.`)
    const { buffer, bytesRead } = await note.read(Buffer.alloc(256), 0, 256, 0)
    const leftBehind = buffer.toString('utf8', 0, bytesRead)
    if (isTemporaryFileOf(key, leftBehind)) await removeIfThere(folder.pathOf(leftBehind))
    await note.truncate(0)
    await note.write(fileName, 0)
  } finally {
    await note.close()
  }
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
export async function syncFolder(path: string, system = { platform: String(platform) }): Promise<void> {
  // Windows flushes no folders, and writes renames down by itself.
  if (system.platform === 'win32') return
  const handle = await unlessRefused(open(path, constants.O_RDONLY | constants.O_DIRECTORY | noFollow))
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
