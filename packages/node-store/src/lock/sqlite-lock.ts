import { link, lstat, open, unlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { StoreError } from '@authchart/core/store'
import { errorCodeOf, toFileError } from '../folder/file-error.ts'
import { accessFacts } from '../folder/judge-access.ts'
import type { SessionFolder } from '../folder/session-folder.ts'
import type { KernelLock } from './kernel-lock.ts'

/** What is used of `node:sqlite`, which Node has from 22.13, Deno from 2.2 and Bun from 1.4. */
interface Sqlite {
  DatabaseSync: new (path: string) => { exec(sql: string): void; close(): void }
}

let loaded: Sqlite | undefined

/** @throws where the runtime has none */
export function loadSqlite(): Sqlite {
  loaded ??= createRequire(import.meta.url)('node:sqlite') as Sqlite
  return loaded
}

/**
 * Tries to lock a file, which is made where there is none, by SQLite: as an empty database in an exclusive transaction,
 * which writes nothing. For runtimes in which the native addon cannot be loaded.
 *
 * SQLite locks bytes of the file by `fcntl` (`LockFileEx` on Windows), the addon all of it: so the two keep each other out.
 * A lock of `fcntl` is the process's, and ends with *any* descriptor of the file that the process closes: SQLite looks after
 * its own, and nothing here opens a lock's file that is there.
 * @see https://www.sqlite.org/lockingv3.html; https://github.com/apple-oss-distributions/xnu/blob/main/bsd/kern/kern_lockf.c
 *   (`lf_getblock`: on macOS `flock` and `fcntl` keep each other out)
 */
export async function trySqliteLock(folder: SessionFolder, path: string): Promise<KernelLock | undefined> {
  const { DatabaseSync } = loadSqlite()
  const identity = await makeLockFile(folder, path)
  const database = new DatabaseSync(path)
  try {
    // In memory: there is nothing to roll back, and no file beside it that a killed process could leave.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    // `SQLITE_BUSY`: Deno gives no number.
    if (error instanceof Error && error.message.includes('database is locked')) return undefined
    throw error
  }
  return {
    isInPlace: async () => (await identityOf(folder, path).catch(() => undefined)) === identity,
    release: async () => database.close(),
  }
}

/** Which file is there; one is made where there is none. */
async function makeLockFile(folder: SessionFolder, path: string): Promise<string> {
  for (;;) {
    const identity = await identityOf(folder, path)
    if (identity !== undefined) return identity
    // By another name, and closed before it can be found: another thread may lock it at once.
    const other = `${path}.${crypto.randomUUID()}`
    try {
      await (await open(other, 'wx', 0o600)).close()
      await link(other, path)
    } catch (error) {
      if (errorCodeOf(error) !== 'EEXIST') throw toFileError(error, `make the lock ${path}`)
    } finally {
      await unlink(other).catch(() => {})
    }
  }
}

async function identityOf(folder: SessionFolder, path: string): Promise<string | undefined> {
  const stats = await lstat(path).catch((error: unknown) => {
    if (errorCodeOf(error) === 'ENOENT') return undefined
    throw toFileError(error, `look at the lock ${path}`)
  })
  if (stats === undefined) return undefined
  const problem = folder.judgeFile(path, accessFacts(stats))
  if (problem !== undefined) throw new StoreError('storeUnavailable', `The lock ${path} is not used: ${problem}.`)
  return `${stats.dev} ${stats.ino} ${stats.birthtimeMs}`
}
