import { createSession, type Session } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { startTokenEndpoint } from '@authchart/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTables, type StoreMode, storeInput } from '../support/postgres/holders.ts'
import { openPostgresStore } from '../support/postgres/open-postgres-store.ts'
import { startPgBouncer } from '../support/postgres/pg-bouncer.ts'
import { missingPgBouncer, missingPostgres } from '../support/postgres/postgres-programs.ts'
import { type PostgresServer, startPostgres } from '../support/postgres/postgres-server.ts'
import { startStandby } from '../support/postgres/standby.ts'
import { createRecord } from '../support/session-records.ts'
import { createLargeRecord, refreshCycle } from './benchmark/refresh-cycles.ts'

let server: PostgresServer
let key: string

beforeAll(async () => {
  if (missingPostgres !== undefined) return
  // A server that waits for no disk, and writes late: what a store does not insist on is gone with a crash.
  server = await startPostgres({ settings: { synchronous_commit: 'off', wal_writer_delay: '10s' } })
  key = await createTables(server)
})

afterAll(() => server?.[Symbol.asyncDispose]())

async function crash(): Promise<void> {
  await server.stop('immediate')
  await server.start()
}

describe.skipIf(missingPostgres !== undefined)('on a server that does not wait for the disk', () => {
  it('a write of somebody else is lost with a crash, so that this test would see it', async () => {
    await server.pool.query('create table lost (n int)')
    const survivors = async () => {
      await server.pool.query('truncate lost')
      await server.pool.query('checkpoint')
      await server.pool.query('insert into lost values (1)')
      await crash()
      return (await server.pool.query('select from lost')).rowCount
    }
    // The server's own writer may come in between: then once more.
    await expect.poll(survivors, { timeout: 30_000 }).toBe(0)
  })

  it('a record that was written is there after a crash, and so is an intent', async () => {
    await using opened = openPostgresStore(storeInput(server, { key, mode: 'a row alone' }))
    const { store } = opened
    expect(await store.compareAndSet('acme:alice', undefined, createRecord())).toBe(true)
    await crash()
    await expect.poll(() => store.read('acme:alice').catch(() => 'not yet')).toEqual(createRecord())
    const record = createRecord()
    {
      await using lease = await store.lease('acme:alice', { signal: AbortSignal.timeout(10_000) })
      const intent = { ...record, revision: 'intent' }
      expect(await store.compareAndSet('acme:alice', 'revision-1', intent, { under: lease })).toBe(true)
      await crash()
      await expect.poll(() => store.read('acme:alice').catch(() => 'not yet')).toEqual(intent)
    }
  })
})

describe.skipIf(missingPostgres !== undefined)('a refresh', () => {
  it.for<{ mode: StoreMode; hints: number }>([
    { mode: 'a row alone', hints: 0 },
    { mode: 'with presence', hints: 1 },
  ])('takes five statements, and with a presence one more that tells others: $mode', async ({ mode, hints }) => {
    await using endpoint = await startTokenEndpoint()
    const statements: string[] = []
    const opened = openPostgresStore(storeInput(server, { key, mode }), (sql) => statements.push(sql))
    const grant = refreshTokenGrant({ issuer: endpoint.issuer, clientId: 'acme' })
    const session = createSession({ key: `acme:five ${mode}`, store: opened.store, grant })
    await opened.store.check(session.key)
    await session.signIn(endpoint.signIn())
    // Its own hint, too, is waited for: one that comes after the next refresh is news, and costs a read.
    const heard = () => opened.notifications.count
    await expect.poll(heard).toBe(hints)
    const before = countKinds(statements)
    for (let refreshes = 1; refreshes <= 5; refreshes += 1) {
      await session.refresh()
      await expect.poll(heard).toBe(hints * (1 + refreshes))
    }
    // What they have begun comes to its end.
    await session[Symbol.asyncDispose]()
    await opened[Symbol.asyncDispose]()
    const { read = 0, write = 0, tell } = before
    const refreshed = { take: 5, read: read + 5, write: write + 10, giveBack: 5, tell: tell && tell + 5 * hints }
    expect(countKinds(statements)).toEqual({ ...before, ...refreshed })
  })
})

describe.skipIf(missingPostgres !== undefined)('a refresh cycle', () => {
  it('of tokens as large as JWTs writes no more than 6 kB of WAL', async () => {
    await using opened = openPostgresStore(storeInput(server, { key, mode: 'a row alone' }))
    await opened.store.compareAndSet('acme:wal', undefined, createLargeRecord(0))
    // The first write to a page after a checkpoint writes all of it.
    for (let cycles = 0; cycles < 20; cycles += 1) await refreshCycle(opened.store, 'acme:wal')
    const written = async () => {
      const { rows } = await server.pool.query(`select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as bytes`)
      return Number(rows[0].bytes)
    }
    const before = await written()
    for (let cycles = 0; cycles < 50; cycles += 1) await refreshCycle(opened.store, 'acme:wal')
    const bytes = ((await written()) - before) / 50
    expect(bytes).toBeGreaterThan(1_000)
    expect(bytes).toBeLessThanOrEqual(6_000)
  })
})

describe.skipIf(missingPostgres !== undefined)('a role with no more rights than are asked for', () => {
  it('and with settings of its own that are unusual may do all there is to do', async () => {
    await server.pool.query(`create role service login;
      grant usage on schema authchart to service; grant select on authchart.meta to service;
      grant select, insert, update, delete on authchart.session, authchart.lease to service`)
    const settings = {
      default_transaction_isolation: 'serializable',
      timezone: 'Asia/Kathmandu',
      datestyle: 'German',
      bytea_output: 'escape',
      search_path: '',
      extra_float_digits: '-5',
      standard_conforming_strings: 'off',
    }
    for (const [name, value] of Object.entries(settings)) {
      await server.pool.query(`alter role service set ${name} = '${value}'`)
    }
    await using endpoint = await startTokenEndpoint()
    const url = server.url.replace('postgres@', 'service@')
    const input = { ...storeInput(server, { key, mode: 'with presence' }), url, presenceUrl: url }
    await using opened = openPostgresStore(input)
    await using other = openPostgresStore(input)
    const grant = refreshTokenGrant({ issuer: endpoint.issuer, clientId: 'acme' })
    const name = 'service:\\ \0 "it\'s" \ud800'
    const [one, two] = [opened, other].map(({ store }) => createSession({ key: name, store, grant })) as [
      Session,
      Session,
    ]
    await opened.store.check(name)
    await one.signIn(endpoint.signIn())
    const { generation } = await two.getAccessToken()
    const tokens = await Promise.all([one.refresh(), two.getAccessToken({ newerThan: generation })])
    expect(tokens[0].generation).toBe(tokens[1].generation)
    expect(endpoint.counts.requests).toBe(1)
    const { store } = opened
    const soon = Date.now() + 60_000
    expect((await store.page({ limit: 9, prefix: 'service:', refreshedBefore: soon })).map((each) => each.key)).toEqual(
      [name],
    )
    expect(await store.reseal({ limit: 9 })).toMatchObject({ skipped: 0 })
    await one.signOut()
    expect(await store.purge({ olderThan: soon })).toBe(1)
    expect(await store.erase({ prefix: 'service:' })).toBe(0)
    for (const each of [one, two]) await each[Symbol.asyncDispose]()
  })
})

const kinds: Readonly<Record<string, RegExp>> = {
  take: /^insert into "authchart".lease/,
  read: /pg_is_in_recovery/,
  write: /done as/,
  giveBack: /^with given/,
  tell: /pg_notify/,
}

function countKinds(statements: readonly string[]): Partial<Record<string, number>> {
  const kindOf = (sql: string) => Object.keys(kinds).find((kind) => kinds[kind]?.test(sql)) ?? sql
  const groups = Object.groupBy(statements, kindOf)
  return Object.fromEntries(Object.entries(groups).map(([kind, group]) => [kind, group?.length]))
}

describe.skipIf(missingPgBouncer !== undefined)('a presence', () => {
  it('that is led through a pooler is refused, saying why', async () => {
    await using bouncer = await startPgBouncer(server.port)
    const input = { ...storeInput(server, { key, mode: 'with presence' }), presenceUrl: bouncer.url }
    await using opened = openPostgresStore(input)
    const refusal = { code: 'storeMissing', message: expect.stringContaining('goes through a pooler') }
    await expect(opened.store.check('acme:alice')).rejects.toMatchObject(refusal)
    const { signal } = new AbortController()
    await expect(opened.store.lease('acme:alice', { signal })).rejects.toMatchObject(refusal)
  })
})

describe.skipIf(missingPostgres !== undefined)('a presence that cannot connect', () => {
  it('is named with its reason when a sign-in is checked', async () => {
    const input = {
      ...storeInput(server, { key, mode: 'with presence' }),
      presenceUrl: server.url.replace(/postgres$/, 'gone'),
    }
    await using opened = openPostgresStore(input)
    await expect(opened.store.check('acme:alice')).rejects.toMatchObject({
      code: 'storeUnavailable',
      message: expect.stringContaining('`presence` cannot be made (3D000)'),
    })
  })
})

describe.skipIf(missingPostgres !== undefined)('a read replica', () => {
  it('is not believed, neither in reading nor in writing', async () => {
    await using standby = await startStandby(server)
    await using opened = openPostgresStore({ ...storeInput(server, { key, mode: 'a row alone' }), url: standby.url })
    const refusal = { code: 'storeUnavailable', message: expect.stringContaining('replica') }
    await expect(opened.store.read('acme:alice')).rejects.toMatchObject(refusal)
    await expect(opened.store.compareAndSet('acme:new', undefined, createRecord())).rejects.toMatchObject(refusal)
  })
})
