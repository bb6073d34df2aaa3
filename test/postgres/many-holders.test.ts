import { startTokenEndpoint } from '@authchart/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTables, type StoreMode, signInExpired, startHolder, storeInput } from '../support/postgres/holders.ts'
import { type PgBouncer, startPgBouncer } from '../support/postgres/pg-bouncer.ts'
import { missingPgBouncer, missingPostgres } from '../support/postgres/postgres-programs.ts'
import { type PostgresServer, startPostgres } from '../support/postgres/postgres-server.ts'

let server: PostgresServer
let bouncer: PgBouncer | undefined

beforeAll(async () => {
  if (missingPostgres !== undefined) return
  server = await startPostgres()
  bouncer = missingPgBouncer === undefined ? await startPgBouncer(server.port) : undefined
})

afterAll(async () => {
  await bouncer?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

const processCount = 8
const keys = Array.from({ length: 25 }, (_, index) => `acme:${index}`)

describe.skipIf(missingPostgres !== undefined)('200 holders of 25 sessions in 8 processes that wake at once', () => {
  it.for<{ mode: StoreMode; isPooled: boolean }>([
    { mode: 'with presence', isPooled: false },
    { mode: 'a row alone', isPooled: false },
    { mode: 'a row alone', isPooled: true },
  ])(
    'P96 make one token request for each session, none of it with a spent token: %o',
    async ({ mode, isPooled }, context) => {
      if (isPooled && bouncer === undefined) context.skip('PgBouncer is not installed here.')
      await using endpoint = await startTokenEndpoint()
      const client = { issuer: endpoint.issuer, clientId: 'acme' }
      const store = storeInput(server, {
        key: await createTables(server),
        mode,
        ...(isPooled && { url: bouncer?.url }),
      })
      await signInExpired(client, { store, tokenSets: Object.fromEntries(keys.map((key) => [key, endpoint.signIn()])) })
      const input = { ...client, keys, store, maximumWaitMilliseconds: 60_000 }
      const holders = await Promise.all(Array.from({ length: processCount }, () => startHolder(input)))

      const answers = await Promise.all(holders.map((holder) => holder.ask()))
      for (const key of keys) {
        const generations = new Set(answers.map(({ outcomes }) => outcomes[key]))
        expect([...generations], key).toEqual([expect.any(Number)])
      }
      expect(endpoint.counts).toEqual({ requests: 25, issued: 25, refused: 0, reused: 0 })
      const slowest = Math.max(...answers.map(({ milliseconds }) => milliseconds))
      const statements = answers.reduce((sum, answer) => sum + answer.statements, 0) / (processCount * keys.length)
      console.log(
        `200 holders, ${mode}${isPooled ? ', through PgBouncer' : ''}: ${slowest.toFixed(0)} ms, ${statements.toFixed(1)} statements a holder.`,
      )
      for (const holder of holders) await holder[Symbol.asyncDispose]()
    },
  )
})
