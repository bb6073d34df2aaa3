import { type StorePlace, storeContract } from '@authchart/core/testing'
import { pgPresence } from '@authchart/postgres-store/pg'
import { Client, Pool } from 'pg'
import postgres from 'postgres'
import { afterAll, describe, test } from 'vitest'
import { startPgBouncer } from '../support/postgres/pg-bouncer.ts'
import { createPostgresPlace } from '../support/postgres/postgres-place.ts'
import { missingPgBouncer, missingPostgres } from '../support/postgres/postgres-programs.ts'
import { startPostgres } from '../support/postgres/postgres-server.ts'

// Before the cases are listed: that asks a place what it can do.
const server = missingPostgres === undefined ? await startPostgres({ settings: { fsync: 'off' } }) : undefined
const bouncer = missingPgBouncer === undefined && server ? await startPgBouncer(server.port) : undefined
const url = server?.url ?? ''
const pooledUrl = bouncer?.url ?? ''

afterAll(async () => {
  await bouncer?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

const administer = async (sql: string) => server?.pool.query(sql)

/** Stores of one place share a pool, and each place has its own. */
function placeWithPool(url: string, { max }: { max: number }): Promise<StorePlace> {
  const pool = new Pool({ connectionString: url, max })
  return endingWith(
    createPostgresPlace({
      administer,
      createQuery: () => async (sql, parameters) => (await pool.query(sql, parameters)).rows,
    }),
    () => pool.end(),
  )
}

/** Without pipelining, which wedges connections behind poolers of transactions (porsager/postgres, issue 970). */
const behindPooler = { prepare: false, max_pipeline: 0 } as const

function placeWithPostgresJs(url: string, options: Parameters<typeof postgres>[1] = {}): Promise<StorePlace> {
  const sql = postgres(url, { max: 4, onnotice: () => {}, ...options })
  return endingWith(
    createPostgresPlace({ administer, createQuery: () => (text, parameters) => sql.unsafe(text, parameters) }),
    () => sql.end(),
  )
}

/** A presence for each store, as each process has one. */
function placeWithPresence(): Promise<StorePlace> {
  const pool = new Pool({ connectionString: url, max: 4 })
  return endingWith(
    createPostgresPlace({
      administer,
      createQuery: () => async (sql, parameters) => (await pool.query(sql, parameters)).rows,
      storeOptions: () => ({
        hints: 'auto',
        presence: pgPresence(() => new Client({ connectionString: url })),
      }),
    }),
    () => pool.end(),
  )
}

async function endingWith(coming: Promise<StorePlace>, end: () => Promise<unknown>): Promise<StorePlace> {
  const place = await coming
  return {
    ...place,
    async [Symbol.asyncDispose]() {
      await place[Symbol.asyncDispose]?.()
      await end()
    },
  }
}

describe.skipIf(missingPostgres !== undefined)('the PostgreSQL store on a server', async () => {
  if (server === undefined) return
  const flavours: Readonly<Record<string, () => Promise<StorePlace>>> = {
    'by pg': () => placeWithPool(url, { max: 4 }),
    'by pg, with a presence and LISTEN': placeWithPresence,
    'by a pool of one connection': () => placeWithPool(url, { max: 1 }),
    'by postgres.js, whose columns are in camelCase': () => placeWithPostgresJs(url, { transform: postgres.camel }),
  }
  for (const [name, createPlace] of Object.entries(flavours)) await describeContract(name, createPlace)
})

describe.skipIf(missingPgBouncer !== undefined)(
  'the PostgreSQL store behind PgBouncer, which pools transactions',
  async () => {
    if (bouncer === undefined) return
    await describeContract('by pg', () => placeWithPool(pooledUrl, { max: 4 }))
    await describeContract('by postgres.js', () => placeWithPostgresJs(pooledUrl, behindPooler))
  },
)

async function describeContract(name: string, createPlace: () => Promise<StorePlace>): Promise<void> {
  const cases = await storeContract(createPlace, { cryptoKeys: 'refused', patienceMilliseconds: 30_000 })
  describe(name, () => {
    for (const each of cases) test(each.name, each.run)
  })
}
