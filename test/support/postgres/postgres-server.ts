import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, chownSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client, Pool } from 'pg'
import { eventually } from '../eventually.ts'
import { createTemporaryFolder } from '../temporary-folder.ts'
import { findFreePort } from './free-port.ts'
import { missingPostgres, postgresBinaries, postgresUser } from './postgres-programs.ts'

/** A PostgreSQL of one test file: in a temporary folder, on a port of the loopback. */
export interface PostgresServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Its data. */
  readonly folder: string
  /** A pool of an administrator. */
  readonly pool: Pool
  /** Ends it: `fast` cuts all connections, `immediate` is a crash. */
  stop(how: 'fast' | 'immediate'): Promise<void>
  start(): Promise<void>
  /** Resolves once it has run for so long that leases are taken over as usual: not soon after it was started. */
  settled(): Promise<void>
}

/** Options of `startPostgres`. */
export interface PostgresServerOptions {
  /** Lines of `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Makes the folder with the data, in place of `initdb`. */
  readonly createData?: (folder: string) => Promise<void>
}

/** Starts one. */
export async function startPostgres({
  settings = {},
  createData = initData,
}: PostgresServerOptions = {}): Promise<PostgresServer> {
  if (missingPostgres !== undefined) throw new Error(missingPostgres)
  const temporary = createTemporaryFolder()
  if (postgresUser !== undefined) chownSync(temporary.path, postgresUser.uid, postgresUser.gid)
  const folder = join(temporary.path, 'data')
  const port = await findFreePort()
  await createData(folder)
  const lines = {
    port: String(port),
    listen_addresses: "'127.0.0.1'",
    unix_socket_directories: `'${temporary.path}'`,
    max_connections: '150',
    log_min_messages: 'fatal',
    logging_collector: 'off',
    ...settings,
  }
  const text = Object.entries(lines).map(([name, value]) => `${name} = ${value}\n`)
  appendFileSync(join(folder, 'postgresql.conf'), text.join(''))

  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  let child: ChildProcess | undefined
  const pool = new Pool({ connectionString: url, max: 4 })
  // Tests cut its connections.
  pool.on('error', () => {})

  const server: PostgresServer = {
    url,
    port,
    folder,
    pool,
    async start() {
      child = spawn(join(postgresBinaries ?? '', 'postgres'), ['-D', folder], { ...postgresUser, stdio: 'ignore' })
      await eventually(() => answers(url), {
        description: 'PostgreSQL answers',
        withinMilliseconds: 60_000,
        pauseMilliseconds: 50,
      })
    },
    async stop(how) {
      if (child === undefined) return
      const exited = once(child, 'exit')
      child.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT')
      await exited
      child = undefined
    },
    async settled() {
      await pool.query(
        `select pg_sleep(extract(epoch from pg_postmaster_start_time() + interval '15 s' - clock_timestamp()))`,
      )
    },
    async [Symbol.asyncDispose]() {
      await pool.end()
      await server.stop('immediate')
      await temporary[Symbol.asyncDispose]()
    },
  }
  await server.start()
  return server
}

async function initData(folder: string): Promise<void> {
  const options = ['--pgdata', folder, '--username', 'postgres', '--auth', 'trust', '--encoding', 'UTF8', '--no-sync']
  await runAsPostgres('initdb', [...options, '--locale', 'C'])
}

/** Runs one of PostgreSQL's programs to its end, as its user: the servers and clocks of other tests go on meanwhile. */
export async function runAsPostgres(program: string, argumentList: readonly string[]): Promise<void> {
  await promisify(execFile)(join(postgresBinaries ?? '', program), argumentList, { ...postgresUser, cwd: '/' })
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
