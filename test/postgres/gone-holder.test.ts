import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startAuthorizationServer } from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import { startCuttableProxy } from '../support/postgres/cuttable-proxy.ts'
import { createTables, type StoreMode, signInExpired, startHolder, storeInput } from '../support/postgres/holders.ts'
import { openPostgresStore } from '../support/postgres/open-postgres-store.ts'
import { missingPostgres } from '../support/postgres/postgres-programs.ts'
import { type PostgresServer, startPostgres } from '../support/postgres/postgres-server.ts'
import { tokenSetOf } from '../support/signed-in-session.ts'

const leaseMilliseconds = 5_000
const modes: readonly StoreMode[] = ['with presence', 'a row alone']

let server: PostgresServer
let sealingKey: string

beforeAll(async () => {
  if (missingPostgres !== undefined) return
  server = await startPostgres()
  sealingKey = await createTables(server)
  await server.settled()
})

afterAll(() => server?.[Symbol.asyncDispose]())

/** Two processes that share a session whose access token has expired; the first has a way to the database of its own. */
async function startTwo(mode: StoreMode, { key, deadlyStep }: { key: string; deadlyStep?: string }) {
  const authorizationServer = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  const way = await startCuttableProxy(server.port)
  const store = storeInput(server, { key: sealingKey, mode, leaseMilliseconds })
  const url = `postgres://postgres@127.0.0.1:${way.port}/postgres`
  const client = { issuer: authorizationServer.issuer, clientId: authorizationServer.publicClient.id }
  await signInExpired(client, { store, tokenSets: { [key]: tokenSetOf(await authorizationServer.signIn()) } })
  const input = { ...client, keys: [key], store, maximumWaitMilliseconds: 60_000 }
  const ownStore = { ...store, url, presenceUrl: store.presenceUrl && url }
  const [first, second] = [await startHolder({ ...input, store: ownStore, deadlyStep }), await startHolder(input)]
  return {
    authorizationServer,
    way,
    first,
    second,
    async [Symbol.asyncDispose]() {
      for (const each of [first, second, way]) await each[Symbol.asyncDispose]()
      await authorizationServer.close()
    },
  }
}

// They wait most of the time: side by side.
describe.skipIf(missingPostgres !== undefined)('a holder that is gone', () => {
  it.concurrent('killed, with a row alone, is replaced once its lease has run out; nothing is lost where it had sent nothing', async () => {
    const key = 'nothing sent'
    await using two = await startTwo('a row alone', { key, deadlyStep: 'intent: stored' })
    two.first.tell('token')
    await two.first.exited({ withinMilliseconds: 60_000 })
    expect((await two.second.ask()).outcomes[key]).toEqual(expect.any(Number))
    expect(two.authorizationServer.counts).toMatchObject({ refreshes: 1, reuseDetected: 0 })
  })

  it.concurrent.for([
    { graceMilliseconds: 60_000, outcome: expect.any(Number), reuseDetected: 0 },
    { graceMilliseconds: 5_000, outcome: 'rotationLost', reuseDetected: 1 },
  ])('killed, with a row alone and its answer unread, is replaced inside a grace or not: %o', async (expected) => {
    const key = `grace of ${expected.graceMilliseconds}`
    await using two = await startTwo('a row alone', { key })
    two.authorizationServer.faults.setGrace(expected.graceMilliseconds)
    const gate = two.authorizationServer.faults.hold({ afterCommit: true, times: 1 })
    two.first.tell('token')
    await gate.arrived()
    two.first.signal('SIGKILL')
    gate.release()
    expect((await two.second.ask()).outcomes[key]).toEqual(expected.outcome)
    expect(two.authorizationServer.counts).toMatchObject({ refreshes: 2, reuseDetected: expected.reuseDetected })
  })

  it.concurrent.for(modes)(
    'cut off from the database alone while its request is open, %s: another repeats it inside the grace, and both go on with the same tokens',
    async (mode) => {
      const key = `cut off ${mode}`
      await using two = await startTwo(mode, { key })
      two.authorizationServer.faults.setGrace(60_000)
      const gate = two.authorizationServer.faults.hold({ afterCommit: true, times: 1 })
      const asked = two.first.ask()
      await gate.arrived()
      await two.way.close()
      const { outcomes } = await two.second.ask()
      expect(outcomes[key]).toEqual(expect.any(Number))
      gate.release()
      await asked
      await two.way.open()
      const isFollowing = async () => (await two.first.ask()).outcomes[key] === outcomes[key]
      await eventually(isFollowing, { description: 'the same tokens', withinMilliseconds: 30_000 })
      expect(two.authorizationServer.counts).toMatchObject({ refreshes: 2, reuseDetected: 0, grantsRevoked: 0 })
    },
  )

  it.concurrent('leaves a lease: one that its living process has not renewed for 5 minutes is taken over', async () => {
    const presenceClass = 0x61757468
    const living = await server.pool.connect()
    await living.query('select pg_advisory_lock($1::int, 77)', [presenceClass])
    await server.pool.query(`insert into authchart.lease (key, holder, until, process) values
      ('left over', 'one', now() - interval '301 s', 77), ('late', 'one', now() - interval '240 s', 77)`)
    await using opened = openPostgresStore(storeInput(server, { key: sealingKey, mode: 'with presence' }))
    const [never, signal] = [new AbortController(), AbortSignal.timeout(60_000)]
    const waiting = opened.store.lease('late', { signal: never.signal }).then(
      () => 'taken',
      () => 'not taken',
    )
    const lease = await opened.store.lease('left over', { signal })
    never.abort()
    expect(await waiting).toBe('not taken')
    await lease[Symbol.asyncDispose]()
    living.release(true)
  })
})
