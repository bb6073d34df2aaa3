import { constants } from 'node:fs'
import { open, readdir, rename, unlink } from 'node:fs/promises'
import { platform } from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { toFileError } from './file-error.ts'
import { isTemporaryFileOf, recordFileName, temporaryFileName } from './file-names.ts'
import type { SessionFolder } from './session-folder.ts'

/** `O_NOFOLLOW` is 0 on Windows, which has no such links in the way. */
export const noFollow: number = constants.O_NOFOLLOW ?? 0

const fileMode = 0o600

/**
 * Replaces the file of a key's record, whole and for good: whoever reads sees the old text or the new one, and once
 * this resolves the new one survives a loss of power. Called under the write lock alone.
 *
 * A throw does not mean that nothing was written: the last step may have failed.
 * @throws StoreError
 */
export async function replaceRecordFile(folder: SessionFolder, key: string, text: string): Promise<void> {
  const path = folder.pathOf(recordFileName(key))
  try {
    await sweepTemporaryFiles(folder, key)
    const temporaryPath = folder.pathOf(temporaryFileName(key))
    await writeDurably(temporaryPath, text)
    await moveOver(temporaryPath, path)
    await syncFolder(folder)
  } catch (error) {
    throw toFileError(error, `write ${path}`)
  }
}

/**
 * That a file can be written in the folder, by writing one. Under the write lock too: whoever writes would sweep it away.
 * @throws StoreError
 */
export async function tryWriting(folder: SessionFolder, key: string): Promise<void> {
  const path = folder.pathOf(temporaryFileName(key))
  try {
    await writeDurably(path, 'Can a session be kept here?')
    await unlink(path)
  } catch (error) {
    throw toFileError(error, `write in ${folder.path}`)
  }
}

/** What a writer left behind who was killed. Nobody else is writing: we have the write lock. */
async function sweepTemporaryFiles(folder: SessionFolder, key: string): Promise<void> {
  for (const fileName of await readdir(folder.path)) {
    if (isTemporaryFileOf(key, fileName)) await unlink(folder.pathOf(fileName))
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
  const handle = await open(folder.path, constants.O_RDONLY | constants.O_DIRECTORY | noFollow)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** On Windows a file cannot be replaced while somebody reads it, a virus scanner for one. */
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
