import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../eventually.ts'
import { type PostgresServer, runAsPostgres, startPostgres } from './postgres-server.ts'

/** A standby that follows a primary by streaming, asynchronously. */
export interface Standby extends PostgresServer {
  /** Resolves once it has all that the primary has. */
  caughtUp(): Promise<void>
  /** Lets it follow no more, and then become a primary itself: what it did not get until now is lost to it. */
  promote(): Promise<void>
  /** Lets it get nothing from now on. */
  disconnect(): Promise<void>
}

/** Copies a primary, and follows it. */
export async function startStandby(primary: PostgresServer): Promise<Standby> {
  const source = `host=127.0.0.1 port=${primary.port} user=postgres`
  const standby = await startPostgres({
    settings: { hot_standby: 'on' },
    createData: async (folder) => {
      await runAsPostgres('pg_basebackup', [
        '--pgdata',
        folder,
        '--dbname',
        source,
        '--wal-method',
        'stream',
        '--checkpoint',
        'fast',
      ])
      // The last of two lines with the same name counts.
      appendFileSync(join(folder, 'postgresql.conf'), `primary_conninfo = '${source}'\n`)
      writeFileSync(join(folder, 'standby.signal'), '')
    },
  })
  return {
    ...standby,
    async caughtUp() {
      const { rows } = await primary.pool.query('select pg_current_wal_lsn()::text as lsn')
      const isThere = async () => {
        const answer = await standby.pool.query('select pg_last_wal_replay_lsn() >= $1::pg_lsn as is_there', [
          rows[0].lsn,
        ])
        return answer.rows[0].is_there === true
      }
      await eventually(isThere, { description: 'the standby has caught up', withinMilliseconds: 20_000 })
    },
    async disconnect() {
      await standby.pool.query(`alter system set primary_conninfo = ''`)
      await standby.pool.query('select pg_reload_conf()')
      const isAlone = async () => (await standby.pool.query('select from pg_stat_wal_receiver')).rowCount === 0
      await eventually(isAlone, { description: 'the standby gets nothing more', withinMilliseconds: 20_000 })
    },
    async promote() {
      await standby.pool.query('select pg_promote()')
      await eventually(
        async () => (await standby.pool.query('select pg_is_in_recovery() as is_standby')).rows[0].is_standby === false,
        { description: 'the standby is a primary', withinMilliseconds: 20_000 },
      )
    },
  }
}
