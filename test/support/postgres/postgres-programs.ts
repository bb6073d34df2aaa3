import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { getuid } from 'node:process'

/** The folder with `initdb` and `postgres`, the newest there is. Debian does not put them on the path. */
function findBinaries(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((one, other) => Number(other) - Number(one)) : []
  const folders = versions.map((version) => join(debian, version, 'bin'))
  const { stdout, status } = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' })
  if (status === 0) folders.push(stdout.trim())
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

/** PostgreSQL does not run as root; on Debian its package brings a user. */
export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

function findUser(): SystemUser | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout.trim())
  return uid === '' || uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
}

/** Where PostgreSQL's programs are; `undefined` where there are none. */
export const postgresBinaries: string | undefined = findBinaries()

/** As whom they are run; `undefined`: as whoever runs the tests. */
export const postgresUser: SystemUser | undefined = getuid?.() === 0 ? findUser() : undefined

/** Where PgBouncer is. */
export const pgBouncerProgram: string | undefined = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find(existsSync)

/** What is missing here for tests with a real PostgreSQL, in a sentence; `undefined` where nothing is. */
export const missingPostgres: string | undefined =
  postgresBinaries === undefined
    ? 'PostgreSQL is not installed here: the tests with a real one are skipped.'
    : getuid?.() === 0 && postgresUser === undefined
      ? 'PostgreSQL does not run as root, and there is no user `postgres`: the tests with a real one are skipped.'
      : undefined

/** The same for PgBouncer. */
export const missingPgBouncer: string | undefined =
  missingPostgres ??
  (pgBouncerProgram === undefined ? 'PgBouncer is not installed here: the tests through it are skipped.' : undefined)

if (missingPostgres !== undefined) console.warn(missingPostgres)
else if (missingPgBouncer !== undefined) console.warn(missingPgBouncer)
