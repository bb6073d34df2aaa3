import { randomBytes } from 'node:crypto'
import type { StorePlace } from '@authchart/core/testing'
import {
  type PostgresStore,
  type PostgresStoreOptions,
  postgresStore,
  type Query,
  schemaSql,
} from '@authchart/postgres-store'

/** What the stores of a place have in common. */
export interface PostgresPlaceOptions {
  /** Runs one statement as an administrator, or several without parameters. */
  readonly administer: (sql: string) => Promise<unknown>
  /** A query for each store, as each process has one of its own. */
  readonly createQuery: () => Query
  readonly storeOptions?: () => Partial<PostgresStoreOptions>
}

let places = 0

/** A schema for a contract case: a store of its own each time it is opened, the tables shared. */
export async function createPostgresPlace(options: PostgresPlaceOptions): Promise<StorePlace> {
  const { administer, createQuery, storeOptions = () => ({}) } = options
  places += 1
  const schema = `contract_${places}`
  const stores: PostgresStore[] = []
  const key = randomBytes(32)
  await administer(`drop schema if exists ${schema} cascade`)
  await administer(schemaSql({ schema }))
  return {
    open() {
      const store = postgresStore({
        query: createQuery(),
        keys: [key],
        schema,
        // Renewed often, and looked at often: the contract waits for no more than seconds.
        leaseMilliseconds: 12_000,
        hints: { lookEveryMilliseconds: 150 },
        onUnreadable: () => {},
        ...storeOptions(),
      })
      stores.push(store)
      return store
    },
    // As somebody would who writes into the table by hand: a torn write is none that the server lets through.
    async corrupt(spoilt) {
      const torn = `clear = left(clear, length(clear) / 2), revision = 'spoilt'`
      await administer(`update ${schema}.session set ${torn} where key = '${spoilt}'`)
    },
    async breakDown() {
      await administer(`drop schema ${schema} cascade`)
    },
    async takeLease(taken) {
      await administer(`update ${schema}.lease set holder = 'another', process = null where key = '${taken}'`)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(stores.map((store) => store.close()))
      await administer(`drop schema if exists ${schema} cascade`)
    },
  }
}
