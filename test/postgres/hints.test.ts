import { createSession } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { startTokenEndpoint } from '@authchart/core/testing'
import { postgresStore } from '@authchart/postgres-store'
import { type PgClient, pgPresence } from '@authchart/postgres-store/pg'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTables, storeInput } from '../support/postgres/holders.ts'
import { openPostgresStore, type PostgresStoreInput } from '../support/postgres/open-postgres-store.ts'
import { missingPostgres } from '../support/postgres/postgres-programs.ts'
import { type PostgresServer, startPostgres } from '../support/postgres/postgres-server.ts'
import { createRecord, createTokenSet, recordTime } from '../support/session-records.ts'

let server: PostgresServer
let key: string

beforeAll(async () => {
  if (missingPostgres !== undefined) return
  server = await startPostgres({ settings: { fsync: 'off' } })
  key = await createTables(server)
})

afterAll(() => server?.[Symbol.asyncDispose]())

/** A store with presence, as another process would open it, and its statements. */
function open(options: Pick<PostgresStoreInput, 'hints'> = {}) {
  const statements: string[] = []
  const input = storeInput(server, { key, mode: 'with presence', ...options })
  const opened = openPostgresStore(input, (sql) => statements.push(sql))
  return { ...opened, statements }
}

describe.skipIf(missingPostgres !== undefined)('with presence', () => {
  it('a store hints once at a write of its own, and once at one of another', async () => {
    await using one = open()
    await using other = open()
    const heard: string[] = []
    for (const each of ['acme:alice', 'acme: \\ bob', 'acme:last']) {
      one.store.watch(each, () => heard.push(each))
      await one.store.check(each)
    }
    let isHeardByOther = false
    other.store.watch('acme:alice', () => (isHeardByOther = true))
    await other.store.check('acme:alice')

    // Connecting is a hint as well, and so is that the server listens.
    await expect.poll(() => heard).toContain('acme:last')
    heard.length = 0
    isHeardByOther = false
    await one.store.compareAndSet('acme:alice', undefined, createRecord())
    await expect.poll(() => isHeardByOther).toBe(true)
    await other.store.compareAndSet('acme:alice', 'revision-1', createRecord({ revision: 'two \\ three' }))
    await other.store.compareAndSet('acme: \\ bob', undefined, createRecord())
    await other.store.compareAndSet('acme:last', undefined, createRecord())
    await expect.poll(() => heard).toContain('acme:last')
    expect(heard).toEqual(['acme:alice', 'acme:alice', 'acme: \\ bob', 'acme:last'])
  })

  it('a hint is a statement of its own: in that of a write, it would hold up all writes of the server', async () => {
    await using one = open()
    await one.store.compareAndSet('acme:dave', undefined, createRecord())
    const hints = () => one.statements.filter((sql) => sql.includes('pg_notify'))
    await expect.poll(hints).toHaveLength(1)
    expect(hints()[0]).not.toContain('.session')
  })

  it('what was written while the connection was lost is heard of when it is back', async () => {
    await using one = open()
    await using other = openPostgresStore(storeInput(server, { key, mode: 'a row alone' }))
    let hints = 0
    one.store.watch('acme:erin', () => (hints += 1))
    await one.store.check('acme:erin')
    const before = hints
    await server.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'authchart presence'`,
    )
    // Without presence, it tells nobody.
    await other.store.compareAndSet('acme:erin', undefined, createRecord())
    await expect.poll(() => hints, { timeout: 10_000 }).toBeGreaterThan(before)
    expect((await one.store.read('acme:erin'))?.revision).toBe('revision-1')
  })

  it('what is written before the server has begun to listen is heard of', async () => {
    await using other = open()
    const listening = Promise.withResolvers<void>()
    let isAsked = false
    /** A client whose LISTEN is late. */
    const createClient = () => {
      const client = new Client({ connectionString: server.url })
      const query: PgClient['query'] = client.query.bind(client)
      const late: PgClient['query'] = async (sql, values) => {
        if (!sql.startsWith('listen')) return query(sql, values)
        isAsked = true
        await listening.promise
        return query(sql, values)
      }
      return Object.assign(client, { query: late })
    }
    await using store = postgresStore({
      query: async (sql, parameters) => (await server.pool.query(sql, parameters)).rows,
      keys: [Buffer.from(key, 'base64')],
      presence: pgPresence(createClient),
    })
    await store.check('acme:heidi')
    let isHeard = false
    store.watch('acme:heidi', () => (isHeard = true))
    await expect.poll(() => isAsked).toBe(true)
    await store.read('acme:heidi')
    await other.store.compareAndSet('acme:heidi', undefined, createRecord())
    await expect.poll(() => other.statements.some((sql) => sql.includes('pg_notify'))).toBe(true)
    listening.resolve()
    await expect.poll(() => isHeard).toBe(true)
  })

  it('what a process without presence writes is heard of where that tells others', async () => {
    await using one = open()
    const hints = { notify: true, lookEveryMilliseconds: 3_600_000 }
    await using other = openPostgresStore(storeInput(server, { key, mode: 'a row alone', hints }))
    await one.store.check('acme:frank')
    let isHeard = false
    one.store.watch('acme:frank', () => (isHeard = true))
    // That the server listens is a hint as well.
    await expect.poll(() => isHeard).toBe(true)
    isHeard = false
    await other.store.compareAndSet('acme:frank', undefined, createRecord())
    await expect.poll(() => isHeard).toBe(true)
  })

  it('a session that another process erases ends', async () => {
    await using one = open()
    await using other = open()
    const grant = refreshTokenGrant({ issuer: 'https://login.acme.example', clientId: 'acme' })
    await using session = createSession({ key: 'tenant:grace', store: one.store, grant })
    await session.signIn({ accessToken: 'access-1', refreshToken: 'refresh-1', expiresIn: 3600 })
    const { reason } = await new Promise<{ reason: string }>((resolve) => {
      session.on('ended', resolve)
      void other.store.erase({ prefix: 'tenant:' })
    })
    expect(reason).toBe('recordRemoved')
  })

  it('a session that waits for the lease reads once what its holder has stored, and not the intent', async () => {
    await using one = open()
    await using other = open()
    const expired = createTokenSet({ expiresAt: recordTime + 1 })
    const record = createRecord({ secrets: { tokenSet: expired }, expiresAt: expired.expiresAt })
    await one.store.compareAndSet('acme:carol', undefined, record)
    const { issuer = '', clientId = '' } = record.identity
    const grant = refreshTokenGrant({ issuer, clientId })
    await using waiter = createSession({ key: 'acme:carol', store: other.store, grant })
    await other.store.check('acme:carol')
    let isOver = false
    other.store.watch('acme:fence', () => (isOver = true))
    // That the server listens is a hint as well.
    await expect.poll(() => isOver).toBe(true)
    isOver = false

    await using lease = await one.store.lease('acme:carol', { signal: AbortSignal.timeout(60_000) })
    const before = other.statements.length
    const coming = waiter.getAccessToken()
    const countSince = (part: string) => other.statements.slice(before).filter((sql) => sql.includes(part)).length
    const intent = { generation: 5, reservedGeneration: 6, startedAt: Date.now(), holder: 'one', outcomeUnknown: false }
    const intended = { ...record, revision: 'intent', highestReservedGeneration: 6, refreshIntent: intent }
    await one.store.compareAndSet('acme:carol', 'revision-1', intended, { under: lease })
    const looks = countSince('pg_postmaster_start_time')
    await expect.poll(() => countSince('pg_postmaster_start_time')).toBeGreaterThan(looks + 1)

    const tokenSet = createTokenSet({ receivedAt: Date.now(), expiresAt: Date.now() + 3_600_000 })
    const { expiresAt } = tokenSet
    const result = {
      ...intended,
      revision: 'two',
      generation: 6,
      expiresAt,
      secrets: { tokenSet },
      refreshIntent: undefined,
    }
    await one.store.compareAndSet('acme:carol', 'intent', result)
    expect((await coming).generation).toBe(6)
    // It has heard all that there is to hear once it hears of this.
    await one.store.compareAndSet('acme:fence', undefined, createRecord())
    await expect.poll(() => isOver).toBe(true)
    expect(countSince('pg_is_in_recovery')).toBe(1)
  })
})

describe.skipIf(missingPostgres !== undefined)('with `hints: false`', () => {
  it('nothing listens, tells or looks; a session takes what another has stored when it needs a token', async () => {
    await using endpoint = await startTokenEndpoint()
    const grant = refreshTokenGrant({ issuer: endpoint.issuer, clientId: 'acme' })
    const opened = [open({ hints: false }), open({ hints: false })] as const
    const openSession = (index: 0 | 1) => createSession({ key: 'acme:quiet', store: opened[index].store, grant })
    const one = openSession(0)
    await one.signIn(endpoint.signIn())
    for (const { store } of opened) await store.check('acme:quiet')
    const other = openSession(1)
    const first = await other.getAccessToken()

    const before = opened[1].statements.length
    const second = await one.refresh()
    const askedLast = async () => {
      const { rows } = await server.pool.query<{ query: string }>(
        `select query from pg_stat_activity where application_name = 'authchart presence'`,
      )
      return rows.map(({ query }) => query)
    }
    // What a presence has asked last: a LISTEN would come after that, and whether it lives is asked after 9 s. Those of
    // the tests before may be ending.
    const lock = expect.stringMatching(/pg_try_advisory_lock|^select 1$/)
    await expect.poll(askedLast).toEqual([lock, lock])
    expect(opened.flatMap(({ statements }) => statements).filter((sql) => sql.includes('pg_notify'))).toEqual([])
    expect(await other.getAccessToken()).toBe(first)
    expect(opened[1].statements.length).toBe(before)

    expect((await other.getAccessToken({ newerThan: first.generation })).generation).toBe(second.generation)
    expect(endpoint.counts.requests).toBe(1)
    const both = await Promise.all([one.refresh(), other.refresh()])
    expect(both[0].generation).toBe(both[1].generation)
    expect(endpoint.counts.requests).toBe(2)
    for (const each of [one, other, ...opened]) await each[Symbol.asyncDispose]()
  })
})
