/**
 * Measures the store on a PostgreSQL of its own, and writes what it finds into docs/performance.md: `pnpm bench:postgres`.
 */
import { randomBytes } from 'node:crypto'
import { cpus, loadavg } from 'node:os'
import { startTokenEndpoint } from '@authchart/core/testing'
import { Pool } from 'pg'
import { createTables, signInExpired, startHolder, storeInput } from '../../support/postgres/holders.ts'
import { type OpenPostgresStore, openPostgresStore } from '../../support/postgres/open-postgres-store.ts'
import { startPgBouncer } from '../../support/postgres/pg-bouncer.ts'
import { type PostgresServer, startPostgres } from '../../support/postgres/postgres-server.ts'
import { createLargeRecord, paceOf, refreshCycle } from './refresh-cycles.ts'
import { writeResults } from './write-results.ts'

const milliseconds = 10_000
const sessions = 100
const loadBefore = loadavg()[0] ?? 0
const rows: [string, string][] = []

await using server = await startPostgres()
await using bouncer = await startPgBouncer(server.port, { poolSize: 20 })
await measurePace(server)
await measureWal(server)
await measureHandover(server)
await measureHolders(server)

const load = [loadBefore, loadavg()[0] ?? 0].map((value) => value.toFixed(1)).join(' to ')
const { rows: versions } = await server.pool.query('show server_version')
const table = ['| measured | |', '| --- | ---: |', ...rows.map((cells) => `| ${cells.join(' | ')} |`)].join('\n')
const run = `Measured on ${new Date().toISOString().slice(0, 10)}, PostgreSQL ${versions[0].server_version} with its defaults on the same ${cpus().length} × ${cpus()[0]?.model.trim()}; load average ${load}, this run included.`
writeResults('postgres', `${table}\n\n${run}`)

function note(name: string, value: number, unit: string): void {
  rows.push([name, `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${unit}`])
  console.error(rows.at(-1)?.join(': '))
}

async function openFilled(url: string, poolSize: number): Promise<OpenPostgresStore> {
  const opened = openPostgresStore({
    ...storeInput(server, { key: await createTables(server), mode: 'a row alone' }),
    url,
    poolSize,
  })
  for (let index = 0; index < sessions; index += 1) {
    await opened.store.compareAndSet(`acme:${index}`, undefined, createLargeRecord(0))
  }
  return opened
}

async function measurePace({ url }: PostgresServer): Promise<void> {
  const perWorker = sessions / 20
  for (const [name, poolUrl] of [
    ['', url],
    [', through PgBouncer', bouncer.url],
  ] as const) {
    await using opened = await openFilled(poolUrl, 20)
    const cycle = (worker: number, round: number) =>
      refreshCycle(opened.store, `acme:${worker * perWorker + (round % perWorker)}`)
    const alone = await paceOf(cycle, { atOnce: 1, milliseconds })
    note(`refresh cycles a second, one at a time${name}`, alone.perSecond, '/s')
    note(`a refresh cycle, one at a time${name}, median`, alone.medianMilliseconds, 'ms')
    const together = await paceOf(cycle, { atOnce: 20, milliseconds })
    note(`refresh cycles a second, 20 at a time${name}`, together.perSecond, '/s')
  }
  const pool = new Pool({ connectionString: url, max: 20 })
  await pool.query('create table plain (key int primary key, text text)')
  await pool.query(`insert into plain select n, repeat('x', 2600) from generate_series(0, ${sessions}) n`)
  const update = (worker: number) =>
    pool.query('update plain set text = $2 where key = $1', [worker, randomBytes(1300).toString('hex')])
  const plain = await paceOf(update, { atOnce: 20, milliseconds })
  note('for comparison: plain updates of a row of that size a second, 20 at a time', plain.perSecond, '/s')
  await pool.end()
}

async function measureWal({ pool, url }: PostgresServer): Promise<void> {
  await using opened = await openFilled(url, 20)
  const cycle = (worker: number, round: number) => refreshCycle(opened.store, `acme:${worker * 5 + (round % 5)}`)
  await paceOf(cycle, { atOnce: 20, milliseconds: 2_000 })
  const walOf = async () =>
    Number((await pool.query(`select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as bytes`)).rows[0].bytes)
  const [before, statements] = [await walOf(), opened.statements.count]
  const { count } = await paceOf(cycle, { atOnce: 20, milliseconds })
  note('WAL for each refresh', ((await walOf()) - before) / count / 1000, 'kB')
  note('statements for each refresh', (opened.statements.count - statements) / count, '')
}

/** From one giving a lease back to another having it, who has waited for 300 ms. */
async function measureHandover(postgres: PostgresServer): Promise<void> {
  const input = storeInput(postgres, { key: await createTables(postgres), mode: 'a row alone' })
  await using one = openPostgresStore(input)
  await using other = openPostgresStore(input)
  const { signal } = new AbortController()
  const times: number[] = []
  for (let round = 0; round < 40; round += 1) {
    const held = await one.store.lease('acme:handover', { signal })
    const waiting = other.store.lease('acme:handover', { signal })
    await new Promise((resolve) => setTimeout(resolve, 300))
    const given = performance.now()
    await held[Symbol.asyncDispose]()
    const next = await waiting
    times.push(performance.now() - given)
    await next[Symbol.asyncDispose]()
  }
  times.sort((first, second) => first - second)
  note('a lease from one process to another that has waited for 300 ms, median', times[20] ?? 0, 'ms')
}

async function measureHolders(postgres: PostgresServer): Promise<void> {
  const modes = [
    { name: 'LISTEN', mode: 'with presence', url: postgres.url },
    { name: 'looking', mode: 'a row alone', url: postgres.url },
    { name: 'looking, through PgBouncer', mode: 'a row alone', url: bouncer.url },
  ] as const
  for (const { name, mode, url } of modes) {
    await using endpoint = await startTokenEndpoint()
    const client = { issuer: endpoint.issuer, clientId: 'acme' }
    const store = { ...storeInput(postgres, { key: await createTables(postgres), mode }), url }
    const keys = Array.from({ length: 25 }, (_, index) => `acme:${index}`)
    await signInExpired(client, { store, tokenSets: Object.fromEntries(keys.map((key) => [key, endpoint.signIn()])) })
    const input = { ...client, keys, store, maximumWaitMilliseconds: 60_000 }
    const holders = await Promise.all(Array.from({ length: 8 }, () => startHolder(input)))
    const answers = await Promise.all(holders.map((holder) => holder.ask()))
    note(
      `200 holders of 25 expired sessions, until all have the new tokens, ${name}`,
      Math.max(...answers.map((answer) => answer.milliseconds)),
      'ms',
    )
    if (endpoint.counts.requests !== 25) throw new Error(`There were ${endpoint.counts.requests} token requests.`)
    for (const holder of holders) await holder[Symbol.asyncDispose]()
  }
}
