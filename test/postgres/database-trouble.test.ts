import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../authorization-server/index.ts'
import { type CuttableProxy, startCuttableProxy } from '../support/postgres/cuttable-proxy.ts'
import { createTables, type Holder, type StoreMode, signInExpired, startHolder } from '../support/postgres/holders.ts'
import { missingPostgres } from '../support/postgres/postgres-programs.ts'
import { type PostgresServer, startPostgres } from '../support/postgres/postgres-server.ts'
import { sessionKey, tokenSetOf } from '../support/signed-in-session.ts'

/** Longer than the lease: it runs out while the database is away. */
const awayMilliseconds = 20_000
const leaseMilliseconds = 8_000

let server: PostgresServer
let way: CuttableProxy
let sealingKey: string
let authorizationServer: AuthorizationServer
let holders: Holder[]

beforeAll(async () => {
  if (missingPostgres !== undefined) return
  server = await startPostgres()
  way = await startCuttableProxy(server.port)
})

afterAll(async () => {
  await way?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

beforeEach(async (context) => {
  if (missingPostgres !== undefined) return
  sealingKey = await createTables(server)
  const fixture = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  authorizationServer = fixture
  holders = []
  context.onTestFinished(async () => {
    for (const holder of holders) await holder[Symbol.asyncDispose]()
    await fixture.close()
  })
})

/** Two processes with a session whose access token has expired, on the way that can be cut. */
async function startTwo(mode: StoreMode): Promise<{ first: Holder; second: Holder }> {
  const url = `postgres://postgres@127.0.0.1:${way.port}/postgres`
  const presenceUrl = mode === 'with presence' ? url : undefined
  const store = { url, presenceUrl, key: sealingKey, leaseMilliseconds }
  const client = { issuer: authorizationServer.issuer, clientId: authorizationServer.publicClient.id }
  await signInExpired(client, { store, tokenSets: { [sessionKey]: tokenSetOf(await authorizationServer.signIn()) } })
  const input = { ...client, keys: [sessionKey], store, maximumWaitMilliseconds: 120_000 }
  holders = [await startHolder(input), await startHolder(input)]
  const [first, second] = holders as [Holder, Holder]
  return { first, second }
}

/** How the database is in trouble while a token request is open. */
const troubles: Readonly<Record<string, () => Promise<void>>> = {
  async 'it crashes and comes back'() {
    await server.stop('immediate')
    await server.start()
  },
  async 'all its connections are cut'() {
    await server.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`,
    )
  },
}

const modes: readonly StoreMode[] = ['with presence', 'a row alone']

describe.skipIf(missingPostgres !== undefined)('while a token request is open', () => {
  it.for(Object.keys(troubles).flatMap((trouble) => modes.map((mode) => ({ trouble, mode }))))(
    'P95 $trouble, $mode: nothing is sent twice, and both go on',
    async ({ trouble, mode }) => {
      const { first, second } = await startTwo(mode)
      const gate = authorizationServer.faults.hold({ times: 1 })
      const asked = first.ask()
      await gate.arrived()
      const other = second.ask()
      await troubles[trouble]?.()
      // For as long as a takeover would take that had nothing to wait for.
      await new Promise((resolve) => setTimeout(resolve, 5_000))
      expect(authorizationServer.counts.refreshes).toBe(1)
      gate.release()
      const answers = [await asked, await other].map(({ outcomes }) => outcomes[sessionKey])
      expect(answers).toEqual([expect.any(Number), answers[0]])
      expect(authorizationServer.counts).toMatchObject({ refreshes: 1, reuseDetected: 0, grantsRevoked: 0 })
    },
  )

  it.for(modes)(
    'P95 the database is away for 20 s with an answer to store, %s: that is stored first, and nothing is sent twice',
    async (mode) => {
      const { first, second } = await startTwo(mode)
      const gate = authorizationServer.faults.hold({ afterCommit: true, times: 1 })
      const asked = first.ask()
      await gate.arrived()
      const other = second.ask()
      await way.close()
      gate.release()
      await new Promise((resolve) => setTimeout(resolve, awayMilliseconds))
      await way.open()
      const answers = [await asked, await other].map(({ outcomes }) => outcomes[sessionKey])
      expect(answers).toEqual([expect.any(Number), answers[0]])
      expect(authorizationServer.counts).toMatchObject({ refreshes: 1, reuseDetected: 0, grantsRevoked: 0 })
    },
  )
})
