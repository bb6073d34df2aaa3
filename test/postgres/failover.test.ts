import { describe, expect, it } from 'vitest'
import { startAuthorizationServer } from '../authorization-server/index.ts'
import { startCuttableProxy } from '../support/postgres/cuttable-proxy.ts'
import { createTables, type StoreMode, signInExpired, startHolder } from '../support/postgres/holders.ts'
import { missingPostgres } from '../support/postgres/postgres-programs.ts'
import { startPostgres } from '../support/postgres/postgres-server.ts'
import { startStandby } from '../support/postgres/standby.ts'
import { sessionKey, tokenSetOf } from '../support/signed-in-session.ts'

const modes: readonly StoreMode[] = ['with presence', 'a row alone']

describe.skipIf(missingPostgres !== undefined)('a fail-over to an asynchronous standby', { concurrent: true }, () => {
  it.for(modes)(
    'that has not got the last result, %s: the holder that knows it puts it back, and no spent token is sent',
    async (mode, { expect }) => {
      await using primary = await startPostgres()
      const key = await createTables(primary)
      await using standby = await startStandby(primary)
      await using way = await startCuttableProxy(primary.port)
      await using server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
      const url = `postgres://postgres@127.0.0.1:${way.port}/postgres`
      const presenceUrl = mode === 'with presence' ? url : undefined
      const store = { url, presenceUrl, key, hints: { lookEveryMilliseconds: 500 } }
      const client = { issuer: server.issuer, clientId: server.publicClient.id }
      await signInExpired(client, { store, tokenSets: { [sessionKey]: tokenSetOf(await server.signIn()) } })
      await standby.caughtUp()
      await standby.disconnect()

      const input = { ...client, keys: [sessionKey], store, maximumWaitMilliseconds: 60_000 }
      await using holder = await startHolder(input)
      const { outcomes } = await holder.ask()
      await way.close()
      await primary.stop('immediate')
      await standby.promote()
      way.leadTo(standby.port)
      await way.open()

      // What it holds is still good; by looking it finds the older record, and puts back what it knows.
      await expect.poll(() => generationIn(standby), { timeout: 30_000 }).toBe(outcomes[sessionKey])
      expect((await holder.ask()).outcomes).toEqual(outcomes)
      await using late = await startHolder(input)
      expect((await late.ask()).outcomes).toEqual(outcomes)
      // For a few seconds nothing is sent: another holder may know more.
      const refresh = async () => (await late.ask('refresh')).outcomes[sessionKey]
      await expect.poll(refresh, { timeout: 30_000, interval: 500 }).toEqual(expect.any(Number))
      expect(server.counts).toMatchObject({ refreshes: 2, reuseDetected: 0, grantsRevoked: 0 })
    },
  )

  // What no client can do: the only one that knew the newest tokens is gone.
  it.for([
    { grace: 'without a grace: the session is over', graceMilliseconds: 0, outcome: 'grantRejected', reuseDetected: 1 },
    {
      grace: 'inside a grace: the session lives',
      graceMilliseconds: 600_000,
      outcome: expect.any(Number),
      reuseDetected: 0,
    },
  ])(
    'that has not got the last result, whose holder has left, $grace',
    async ({ graceMilliseconds, outcome, reuseDetected }) => {
      await using primary = await startPostgres()
      const key = await createTables(primary)
      await using standby = await startStandby(primary)
      await using way = await startCuttableProxy(primary.port)
      await using server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
      server.faults.setGrace(graceMilliseconds)
      const store = { url: `postgres://postgres@127.0.0.1:${way.port}/postgres`, key }
      const client = { issuer: server.issuer, clientId: server.publicClient.id }
      await signInExpired(client, { store, tokenSets: { [sessionKey]: tokenSetOf(await server.signIn()) } })
      await standby.caughtUp()
      await standby.disconnect()

      const input = { ...client, keys: [sessionKey], store, maximumWaitMilliseconds: 60_000 }
      const left = await startHolder(input)
      expect((await left.ask()).outcomes).toEqual({ [sessionKey]: expect.any(Number) })
      await left[Symbol.asyncDispose]()
      await way.close()
      await primary.stop('immediate')
      await standby.promote()
      way.leadTo(standby.port)
      await way.open()

      await using late = await startHolder(input)
      expect((await late.ask()).outcomes).toEqual({ [sessionKey]: outcome })
      expect(server.counts).toMatchObject({ reuseDetected })
    },
  )
})

describe.skipIf(missingPostgres !== undefined)('a fail-over to a synchronous standby', { concurrent: true }, () => {
  it.for(modes)(
    'while a token request is open, %s: its answer is stored there, and nothing is sent twice',
    async (mode, { expect }) => {
      await using primary = await startPostgres()
      const key = await createTables(primary)
      await using standby = await startStandby(primary)
      await primary.pool.query(`alter system set synchronous_standby_names = '*'`)
      await primary.pool.query('select pg_reload_conf()')
      await using way = await startCuttableProxy(primary.port)
      await using server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
      const url = `postgres://postgres@127.0.0.1:${way.port}/postgres`
      const store = { url, presenceUrl: mode === 'with presence' ? url : undefined, key }
      const client = { issuer: server.issuer, clientId: server.publicClient.id }
      await signInExpired(client, { store, tokenSets: { [sessionKey]: tokenSetOf(await server.signIn()) } })
      const input = { ...client, keys: [sessionKey], store, maximumWaitMilliseconds: 60_000 }
      await using holder = await startHolder(input)
      await using other = await startHolder(input)

      const gate = server.faults.hold({ afterCommit: true, times: 1 })
      const asked = holder.ask()
      await gate.arrived()
      const waiting = other.ask()
      await way.close()
      await primary.stop('immediate')
      await standby.promote()
      way.leadTo(standby.port)
      await way.open()
      // For as long as a takeover would take that had nothing to wait for.
      await new Promise((resolve) => setTimeout(resolve, 5_000))
      gate.release()
      const { outcomes } = await asked
      expect(outcomes[sessionKey]).toEqual(expect.any(Number))
      expect((await waiting).outcomes).toEqual(outcomes)
      await expect.poll(() => generationIn(standby)).toBe(outcomes[sessionKey])
      expect(server.counts).toMatchObject({ refreshes: 1, reuseDetected: 0, grantsRevoked: 0 })
    },
  )
})

async function generationIn({ pool }: { pool: { query(sql: string): Promise<{ rows: { generation: string }[] }> } }) {
  const { rows } = await pool.query('select generation::text as generation from authchart.session')
  return Number(rows[0]?.generation)
}
