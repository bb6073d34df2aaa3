import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../authorization-server/index.ts'
import { createTables, type Holder, signInExpired, startHolder, storeInput } from '../support/postgres/holders.ts'
import type { PostgresStoreInput } from '../support/postgres/open-postgres-store.ts'
import { missingPostgres } from '../support/postgres/postgres-programs.ts'
import { type PostgresServer, startPostgres } from '../support/postgres/postgres-server.ts'
import { tokenSetOf } from '../support/signed-in-session.ts'
import { isSoak } from '../support/soak.ts'

/** What a process that was killed there leaves behind. */
type Remainder = 'nothing sent' | 'answer lost' | 'stored'

/** Every step of the procedure and of its statements at which a process kills itself, and two at which it is killed. */
const steps: readonly { step: string; remainder: Remainder }[] = [
  ...['before the lease', 'take: sent', 'leased', 'intent: sent', 'intent: stored', 'before sending'].map((step) => ({
    step,
    remainder: 'nothing sent' as const,
  })),
  ...['sent', 'committed', 'answered'].map((step) => ({ step, remainder: 'answer lost' as const })),
  ...['tokens: sent', 'tokens: stored', 'before giving back', 'giving back: sent', 'given back'].map((step) => ({
    step,
    remainder: 'stored' as const,
  })),
]

/** A statement that was on its way when its process died may have come or not. */
const isOnItsWay = (step: string) => step.endsWith(': sent')

const patienceMilliseconds = 60_000
const graceMilliseconds = 10_000
/** Others see the lock free for 3 s. On a busy machine, one in ten may come later. */
const nextTokenMilliseconds = 5_000
const rounds = isSoak ? 14 : 1

let server: PostgresServer
let store: PostgresStoreInput
const waits: number[] = []

beforeAll(async () => {
  if (missingPostgres !== undefined) return
  server = await startPostgres()
  store = storeInput(server, { key: await createTables(server), mode: 'with presence' })
  await server.settled()
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  const [late, longest] = [waits[Math.floor(waits.length * 0.9)], waits.at(-1)]
  console.log(
    `${waits.length} processes killed; the next token came after ${longest} ms at most, nine in ten in ${late}.`,
  )
})

describe.skipIf(missingPostgres !== undefined)('a holder with presence that is killed', () => {
  it('P94 at any step leaves a lease that is free in seconds, and the session lives with a grace of 10 s', async () => {
    // Four at a time: each waits for locks to settle most of the time.
    const queue = Array.from({ length: rounds }, (_, round) => steps.map((each) => ({ ...each, round }))).flat()
    const work = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        await killAt(next, { key: `round ${next.round} ${next.step}` })
      }
    }
    await Promise.all([work(), work(), work(), work()])
    waits.sort((one, other) => one - other)
    expect(waits[Math.floor(waits.length * 0.9)]).toBeLessThan(nextTokenMilliseconds)
  })
})

async function killAt({ step, remainder }: (typeof steps)[number], { key }: { key: string }): Promise<void> {
  await using authorizationServer = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  authorizationServer.faults.setGrace(graceMilliseconds)
  const client = { issuer: authorizationServer.issuer, clientId: authorizationServer.publicClient.id }
  await signInExpired(client, { store, tokenSets: { [key]: tokenSetOf(await authorizationServer.signIn()) } })
  const input = { ...client, keys: [key], store, maximumWaitMilliseconds: patienceMilliseconds }
  await using next = await startHolder(input)
  await using doomed = await startHolder({ ...input, deadlyStep: step })

  await dieAt(doomed, { step, authorizationServer })
  const killedAt = Date.now()
  const { outcomes, endedAt } = await next.ask()
  expect(outcomes[key], step).toEqual(expect.any(Number))
  // A server that had the request still open when its sender died has to be done with it first.
  if (step !== 'sent') waits.push(endedAt - killedAt)

  const { refreshes, reuseDetected, openAtOnceMaximum } = authorizationServer.counts
  expect({ reuseDetected, openAtOnceMaximum }, step).toEqual({ reuseDetected: 0, openAtOnceMaximum: 1 })
  if (!isOnItsWay(step)) expect(refreshes, step).toBe(remainder === 'answer lost' ? 2 : 1)
}

async function dieAt(
  doomed: Holder,
  { step, authorizationServer }: { step: string; authorizationServer: AuthorizationServer },
): Promise<void> {
  const isFromOutside = step === 'sent' || step === 'committed'
  const { faults } = authorizationServer
  const gate = isFromOutside ? faults.hold({ afterCommit: step === 'committed', times: 1 }) : undefined
  doomed.tell('token')
  if (gate !== undefined) {
    await gate.arrived()
    doomed.signal('SIGKILL')
  }
  expect(await doomed.exited({ withinMilliseconds: 60_000 }), doomed.lines.join(', ')).toBe(1)
  gate?.release()
  // What the server has, it does, though its sender is gone.
  await authorizationServer.until(({ open }) => open === 0, { description: 'the end of the request' })
}
