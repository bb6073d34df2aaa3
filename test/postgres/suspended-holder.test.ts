import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startAuthorizationServer } from '../authorization-server/index.ts'
import { startCuttableProxy } from '../support/postgres/cuttable-proxy.ts'
import { createTables, type StoreMode, signInExpired, startHolder, storeInput } from '../support/postgres/holders.ts'
import { missingPostgres } from '../support/postgres/postgres-programs.ts'
import { type PostgresServer, startPostgres } from '../support/postgres/postgres-server.ts'
import { tokenSetOf } from '../support/signed-in-session.ts'
import { isSoak } from '../support/soak.ts'

const shortLeaseMilliseconds = 5_000
/** Beyond the lease, the settling, and the time in touch that come before a takeover. */
const suspensions = isSoak ? [30_000, 120_000] : [12_000]

let server: PostgresServer
let sealingKey: string

beforeAll(async () => {
  if (missingPostgres !== undefined) return
  server = await startPostgres()
  sealingKey = await createTables(server)
  await server.settled()
})

afterAll(() => server?.[Symbol.asyncDispose]())

interface TwoOptions {
  mode: StoreMode
  key: string
  suspendedStep?: string
  graceMilliseconds?: number
  leaseMilliseconds?: number
}

/** Two processes that share a session whose access token has expired. The first may suspend itself at a step. */
async function startTwo({
  mode,
  key,
  suspendedStep,
  graceMilliseconds = 0,
  leaseMilliseconds = shortLeaseMilliseconds,
}: TwoOptions) {
  const authorizationServer = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  authorizationServer.faults.setGrace(graceMilliseconds)
  const store = storeInput(server, { key: sealingKey, mode, leaseMilliseconds })
  const client = { issuer: authorizationServer.issuer, clientId: authorizationServer.publicClient.id }
  await signInExpired(client, { store, tokenSets: { [key]: tokenSetOf(await authorizationServer.signIn()) } })
  const input = { ...client, keys: [key], store, maximumWaitMilliseconds: 180_000 }
  const presenceWay = await startCuttableProxy(server.port)
  const presenceUrl = store.presenceUrl && `postgres://postgres@127.0.0.1:${presenceWay.port}/postgres`
  const first = await startHolder({ ...input, store: { ...store, presenceUrl }, suspendedStep })
  const second = await startHolder(input)
  return {
    authorizationServer,
    presenceWay,
    first,
    second,
    async [Symbol.asyncDispose]() {
      for (const each of [first, second, presenceWay]) await each[Symbol.asyncDispose]()
      await authorizationServer.close()
    },
  }
}

/** The soonest at which a server takes a host for dead that does not answer its keepalives. */
const deadHostMilliseconds = 15_000

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** As a clock of the database does that is set an hour ahead: every lease seems to have run out. */
async function setClockAhead(key: string): Promise<void> {
  const { rowCount } = await server.pool.query(
    `update authchart.lease set until = until - interval '1 hour' where key = $1`,
    [key],
  )
  expect(rowCount).toBe(1)
}

// They wait most of the time: side by side.
describe.skipIf(missingPostgres !== undefined)('a holder', { concurrent: true }, () => {
  describe.for(suspensions)('that is suspended for %i ms', (suspension) => {
    it.for(['leased', 'intent: stored', 'before sending', 'at the wire'])(
      'P93 and has presence is not robbed, suspended at: %s',
      async (step) => {
        const key = `${suspension} ${step}`
        await using two = await startTwo({ mode: 'with presence', key, suspendedStep: step })
        const asked = two.first.ask()
        await two.first.suspended()
        const other = two.second.ask()
        await pause(suspension)
        expect(two.authorizationServer.counts.refreshes).toBe(0)
        two.first.signal('SIGCONT')
        const answers = [await asked, await other].map(({ outcomes }) => outcomes[key])
        expect(answers).toEqual([expect.any(Number), answers[0]])
        expect(two.authorizationServer.counts).toMatchObject({ refreshes: 1, reuseDetected: 0, grantsRevoked: 0 })
      },
    )

    it.for(['leased', 'intent: stored', 'before sending'])(
      'P93 and has a row alone is replaced, and does not send when it goes on, suspended at: %s',
      async (step) => {
        const key = `${suspension} alone ${step}`
        await using two = await startTwo({ mode: 'a row alone', key, suspendedStep: step })
        const asked = two.first.ask()
        await two.first.suspended()
        const [{ outcomes }] = await Promise.all([two.second.ask(), pause(suspension)])
        expect(outcomes[key]).toEqual(expect.any(Number))
        two.first.signal('SIGCONT')
        await asked
        expect((await two.first.ask()).outcomes[key]).toBe(outcomes[key])
        expect(two.authorizationServer.counts).toMatchObject({ refreshes: 1, reuseDetected: 0, grantsRevoked: 0 })
      },
    )

    const graces = [
      { grace: 'inside', graceMilliseconds: 600_000, outcome: expect.any(Number), reuseDetected: 0 },
      { grace: 'without', graceMilliseconds: 0, outcome: 'rotationLost', reuseDetected: 1 },
    ]

    it.for(graces)(
      'P93 and has a row alone, its answer unread, is replaced $grace a grace',
      async ({ grace, graceMilliseconds, outcome, reuseDetected }) => {
        const key = `${suspension} unread ${grace}`
        await using two = await startTwo({ mode: 'a row alone', key, graceMilliseconds })
        const gate = two.authorizationServer.faults.hold({ afterCommit: true, times: 1 })
        const asked = two.first.ask()
        await gate.arrived()
        two.first.signal('SIGSTOP')
        gate.release()
        const [{ outcomes }] = await Promise.all([two.second.ask(), pause(suspension)])
        expect(outcomes[key]).toEqual(outcome)
        two.first.signal('SIGCONT')
        await asked
        if (reuseDetected === 0) expect((await two.first.ask()).outcomes).toEqual(outcomes)
        expect(two.authorizationServer.counts).toMatchObject({ refreshes: 2, reuseDetected })
      },
    )

    // What no client can do: between the last look at the lease and the wire, it is not asked any more.
    it.for(graces)(
      'P93 and has a row alone, at the wire, sends late $grace a grace',
      async ({ grace, graceMilliseconds, reuseDetected }) => {
        const key = `${suspension} late ${grace}`
        await using two = await startTwo({
          mode: 'a row alone',
          key,
          suspendedStep: 'at the wire',
          graceMilliseconds,
        })
        const asked = two.first.ask()
        await two.first.suspended()
        const [{ outcomes }] = await Promise.all([two.second.ask(), pause(suspension)])
        expect(outcomes[key]).toEqual(expect.any(Number))
        two.first.signal('SIGCONT')
        await asked
        expect((await two.first.ask()).outcomes).toEqual(outcomes)
        expect(two.authorizationServer.counts).toMatchObject({ refreshes: 2, reuseDetected })
      },
    )

    it('P93 and has presence is not robbed with its answer unread', async () => {
      const key = `${suspension} unread`
      await using two = await startTwo({ mode: 'with presence', key })
      const gate = two.authorizationServer.faults.hold({ afterCommit: true, times: 1 })
      const asked = two.first.ask()
      await gate.arrived()
      two.first.signal('SIGSTOP')
      gate.release()
      const other = two.second.ask()
      await pause(suspension)
      expect(two.authorizationServer.counts.refreshes).toBe(1)
      two.first.signal('SIGCONT')
      await asked
      // Where it did not trust its lease any more, its caller was told so; there is a token at the latest by now.
      const answers = [await two.first.ask(), await other].map(({ outcomes }) => outcomes[key])
      expect(answers).toEqual([expect.any(Number), answers[0]])
      expect(two.authorizationServer.counts).toMatchObject({ refreshes: 1, reuseDetected: 0, grantsRevoked: 0 })
    })
  })

  describe('that is suspended for less than its lease', () => {
    it.for<StoreMode>(['with presence', 'a row alone'])('P93 goes on, %s', async (mode) => {
      const key = `short ${mode}`
      await using two = await startTwo({ mode, key, suspendedStep: 'before sending' })
      const asked = two.first.ask()
      await two.first.suspended()
      const other = two.second.ask()
      await pause(shortLeaseMilliseconds / 2)
      expect(two.authorizationServer.counts.refreshes).toBe(0)
      two.first.signal('SIGCONT')
      const answers = [await asked, await other].map(({ outcomes }) => outcomes[key])
      expect(answers).toEqual([expect.any(Number), answers[0]])
      expect(two.authorizationServer.counts).toMatchObject({ refreshes: 1, reuseDetected: 0, grantsRevoked: 0 })
    })
  })

  describe('with a row alone, when the clock of the database jumps,', () => {
    it('P93 goes on, since it renews its lease', async () => {
      const key = 'clock'
      await using two = await startTwo({ mode: 'a row alone', key })
      const gate = two.authorizationServer.faults.hold({ times: 1 })
      const asked = two.first.ask()
      await gate.arrived()
      const other = two.second.ask()
      await setClockAhead(key)
      // For longer than a takeover takes.
      await pause(22_000)
      expect(two.authorizationServer.counts.refreshes).toBe(1)
      gate.release()
      const answers = [await asked, await other].map(({ outcomes }) => outcomes[key])
      expect(answers).toEqual([expect.any(Number), answers[0]])
      expect(two.authorizationServer.counts).toMatchObject({ refreshes: 1, reuseDetected: 0 })
    })

    // What no client can do: neither its own clocks nor the database have told it. A moment before, its renewal, which
    // is due when it goes on, may or may not be in time.
    it('P93 sends late if it is suspended meanwhile, at the wire, though not for as long as its lease', async () => {
      const key = 'clock, suspended'
      const options = { graceMilliseconds: 600_000, leaseMilliseconds: 60_000, suspendedStep: 'at the wire' }
      await using two = await startTwo({ mode: 'a row alone', key, ...options })
      const asked = two.first.ask()
      await two.first.suspended()
      const other = two.second.ask()
      await setClockAhead(key)
      const { outcomes } = await other
      two.first.signal('SIGCONT')
      await asked
      expect((await two.first.ask()).outcomes).toEqual(outcomes)
      expect(two.authorizationServer.counts).toMatchObject({ refreshes: 2, reuseDetected: 0 })
    })
  })

  it('P93 with presence, whose machine is frozen until the server takes it for dead, does not send when it goes on', async () => {
    const key = 'frozen'
    const options = { leaseMilliseconds: 60_000, suspendedStep: 'before sending' }
    await using two = await startTwo({ mode: 'with presence', key, ...options })
    const asked = two.first.ask()
    await two.first.suspended()
    const other = two.second.ask()
    await pause(deadHostMilliseconds)
    expect(two.authorizationServer.counts.refreshes).toBe(0)
    two.presenceWay.abandon()
    const { outcomes } = await other
    two.first.signal('SIGCONT')
    await asked
    expect((await two.first.ask()).outcomes).toEqual(outcomes)
    expect(two.authorizationServer.counts).toMatchObject({ refreshes: 1, reuseDetected: 0 })
  })
})
