import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { eventually } from '../eventually.ts'
import { createTemporaryFolder } from '../temporary-folder.ts'
import { findFreePort } from './free-port.ts'
import { pgBouncerProgram, postgresUser } from './postgres-programs.ts'

/** A PgBouncer of one test file, in front of a PostgreSQL. */
export interface PgBouncer extends AsyncDisposable {
  readonly url: string
}

/** Starts one that pools transactions: a connection of its client is another one of the server with each statement. */
export async function startPgBouncer(serverPort: number, { poolSize = 4 } = {}): Promise<PgBouncer> {
  const temporary = createTemporaryFolder()
  const port = await findFreePort()
  const file = join(temporary.path, 'pgbouncer.ini')
  writeFileSync(
    file,
    `[databases]
postgres = host=127.0.0.1 port=${serverPort} dbname=postgres user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 300
log_connections = 0
log_disconnections = 0
`,
  )
  if (postgresUser !== undefined) {
    for (const path of [temporary.path, file]) chownSync(path, postgresUser.uid, postgresUser.gid)
  }
  const child = spawn(pgBouncerProgram ?? '', ['--quiet', file], { ...postgresUser, stdio: 'ignore' })
  await eventually(() => isListening(port), {
    description: 'PgBouncer listens',
    withinMilliseconds: 60_000,
    pauseMilliseconds: 50,
  })
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
      await temporary[Symbol.asyncDispose]()
    },
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
