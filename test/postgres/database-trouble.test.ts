import type { TokenSetInput } from '@authchart/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../authorization-server/index.ts'
import { type CuttableProxy, startCuttableProxy } from '../support/postgres/cuttable-proxy.ts'
import { createTables, type Holder, type StoreMode, signInExpired, startHolder } from '../support/postgres/holders.ts'
import { missingPostgres } from '../support/postgres/postgres-programs.ts'
import { type PostgresServer, startPostgres } from '../support/postgres/postgres-server.ts'
import type { AskedTokens } from '../support/programs/hold-sessions.ts'
import { tokenSetOf } from '../support/signed-in-session.ts'

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

/** Two processes with sessions whose access tokens have expired, on the way that can be cut. */
async function startTwo(mode: StoreMode, keys: readonly string[]): Promise<{ first: Holder; second: Holder }> {
  const url = `postgres://postgres@127.0.0.1:${way.port}/postgres`
  const presenceUrl = mode === 'with presence' ? url : undefined
  const store = { url, presenceUrl, key: sealingKey, leaseMilliseconds }
  const client = { issuer: authorizationServer.issuer, clientId: authorizationServer.publicClient.id }
  const tokenSets: Record<string, TokenSetInput> = {}
  for (const key of keys) tokenSets[key] = tokenSetOf(await authorizationServer.signIn())
  await signInExpired(client, { store, tokenSets })
  const input = { ...client, keys, store, maximumWaitMilliseconds: 120_000 }
  holders = [await startHolder(input), await startHolder(input)]
  const [first, second] = holders as [Holder, Holder]
  return { first, second }
}

/** That all of them have tokens, the same ones, of one request each. */
async function expectOneRequestEach(keys: readonly string[], asked: readonly Promise<AskedTokens>[]): Promise<void> {
  const answers = await Promise.all(asked)
  for (const key of keys) {
    const generations = answers.map(({ outcomes }) => outcomes[key])
    expect(generations, key).toEqual(answers.map(() => generations[0]))
    expect(generations[0], key).toEqual(expect.any(Number))
  }
  const { refreshes, reuseDetected, grantsRevoked } = authorizationServer.counts
  expect({ refreshes, reuseDetected, grantsRevoked }).toEqual({
    refreshes: keys.length,
    reuseDetected: 0,
    grantsRevoked: 0,
  })
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
      const keys = ['acme:alice']
      const { first, second } = await startTwo(mode, keys)
      const gate = authorizationServer.faults.hold({ times: 1 })
      const asked = first.ask()
      await gate.arrived()
      const other = second.ask()
      await troubles[trouble]?.()
      // For as long as a takeover would take that had nothing to wait for.
      await new Promise((resolve) => setTimeout(resolve, 5_000))
      expect(authorizationServer.counts.refreshes).toBe(1)
      gate.release()
      await expectOneRequestEach(keys, [asked, other])
    },
  )

  // A waiting process may not have asked anything meanwhile: that its own connection was cut tells it.
  it('P95 all its connections are cut, with presence, and the holder is slow to come back: nothing is sent twice', async () => {
    const keys = ['acme:alice']
    const { first, second } = await startTwo('with presence', keys)
    await server.settled()
    const gate = authorizationServer.faults.hold({ times: 1 })
    const asked = first.ask()
    await gate.arrived()
    const other = second.ask()
    first.signal('SIGSTOP')
    await troubles['all its connections are cut']?.()
    // For longer than a takeover takes from a process that was killed.
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    expect(authorizationServer.counts.refreshes).toBe(1)
    first.signal('SIGCONT')
    gate.release()
    await expectOneRequestEach(keys, [asked, other])
  })

  it.for(modes)(
    'P95 the database is away for 20 s with an answer to store, %s: that is stored first, and nothing is sent twice',
    async (mode) => {
      // Many: each tries to store again at times of its own, some of them late.
      const keys = Array.from({ length: 12 }, (_, index) => `acme:${index}`)
      const { first, second } = await startTwo(mode, keys)
      const gate = authorizationServer.faults.hold({ afterCommit: true, times: keys.length })
      const asked = first.ask()
      await gate.arrived(keys.length)
      const other = second.ask()
      await way.close()
      gate.release()
      await new Promise((resolve) => setTimeout(resolve, awayMilliseconds))
      await way.open()
      await expectOneRequestEach(keys, [asked, other])
    },
  )
})
