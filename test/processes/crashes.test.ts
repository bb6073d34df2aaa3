import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeStore } from '@authchart/node-store'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../authorization-server/index.ts'
import { fileStem } from '../support/folder-place.ts'
import { type NodeStoreInput, openNodeStore } from '../support/node-store-input.ts'
import { type Program, startProgram } from '../support/program.ts'
import type { ShareSessionInput } from '../support/programs/share-session.ts'
import { openSession, tokenSetOf } from '../support/signed-in-session.ts'
import { isSoak } from '../support/soak.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'

/** What a process that was killed there leaves behind. */
type Remainder =
  /** No token request was made. */
  | 'nothing sent'
  /** One was, and its answer is nowhere. */
  | 'answer lost'
  /** The new tokens are in the record. */
  | 'stored'

const fileSteps = (what: 'intent' | 'tokens') =>
  ['temporary file made', 'written', 'synced', 'renamed', 'folder synced', 'stored'].map((step) => `${what}: ${step}`)

/** Every step of the procedure and of its writes at which a process kills itself, and two at which it is killed. */
const steps: readonly { step: string; remainder: Remainder }[] = [
  ...['before the lease', 'leased', ...fileSteps('intent'), 'before sending'].map((step) => ({
    step,
    remainder: 'nothing sent' as const,
  })),
  { step: 'sent', remainder: 'answer lost' },
  { step: 'committed', remainder: 'answer lost' },
  ...['answered', ...fileSteps('tokens').slice(0, 3)].map((step) => ({ step, remainder: 'answer lost' as const })),
  ...[...fileSteps('tokens').slice(3), 'before giving back', 'given back'].map((step) => ({
    step,
    remainder: 'stored' as const,
  })),
]

/** The lease is the kernel's, which gives it back as soon as a process is gone; there is room for a busy machine. */
const leaseAtOnceMilliseconds = 2_000
const rounds = isSoak ? 5 : 1

let folder: TemporaryFolder
let input: NodeStoreInput
let store: NodeStore
const leaseTimes: number[] = []

beforeAll(() => {
  folder = createTemporaryFolder()
  input = { kind: 'file', directory: join(folder.path, 'sessions'), key: randomBytes(32).toString('base64') }
  store = openNodeStore(input)
})

afterAll(async () => {
  await folder[Symbol.asyncDispose]()
  const worst = Math.max(...leaseTimes)
  console.log(`${leaseTimes.length} processes killed; the next one had the lease after ${worst.toFixed(1)} ms at most.`)
})

it.for([{ grace: true }, { grace: false }])(
  'P34 a process killed at any step leaves a whole record and no lease, and the session lives unless an answer is lost for good: %o',
  async ({ grace }) => {
    for (let round = 0; round < rounds; round += 1) {
      // Two at a time: each waits for its process most of the time.
      const queue = [...steps]
      const work = async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          await killAt(next, { grace, key: `round ${round} ${grace} ${next.step}` })
        }
      }
      await Promise.all([work(), work()])
    }
  },
)

async function killAt(
  { step, remainder }: (typeof steps)[number],
  { grace, key }: { grace: boolean; key: string },
): Promise<void> {
  await using server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  server.faults.setGrace(grace ? 60_000 : 0)
  await using signedIn = openSession(server, { store, key })
  await signedIn.signIn({ ...tokenSetOf(await server.signIn()), expiresIn: 0 })
  const before = await store.read(key)
  await killRefresh(server, { step, key })

  const asked = performance.now()
  await using lease = await store.lease(key, { signal: AbortSignal.timeout(leaseAtOnceMilliseconds) })
  leaseTimes.push(performance.now() - asked)
  await lease[Symbol.asyncDispose]()

  const left = await store.read(key)
  expect(left?.generation, step).toBeGreaterThanOrEqual(before?.generation ?? Number.NaN)
  expect(left?.generation === before?.generation, step).toBe(remainder !== 'stored')
  const lives = remainder !== 'answer lost' || grace
  await using next = openSession(server, { store, key })
  const outcome = await next.getAccessToken().then(
    () => 'lives',
    (error: { reason?: string }) => error.reason,
  )
  expect(outcome, step).toBe(lives ? 'lives' : 'rotationLost')
  const after = await store.read(key)
  expect(after?.generation, step).toBeGreaterThanOrEqual(left?.generation ?? Number.NaN)
  const sentTwice = server.refreshTokens.filter(({ presentations }) => presentations.length > 1)
  expect(
    sentTwice.map(({ presentations }) => presentations.length),
    step,
  ).toEqual(remainder === 'answer lost' ? [2] : [])
  expect(server.counts.refreshes, step).toBe(remainder === 'answer lost' ? 2 : 1)
  // What the process left behind was swept away by the next write.
  const leftBehind = readdirSync(join(folder.path, 'sessions')).filter((name) => name.endsWith('.tmp'))
  expect(
    leftBehind.filter((name) => name.startsWith(fileStem(key))),
    step,
  ).toEqual([])
}

/** Has a process refresh the session, and kills it at a step. */
async function killRefresh(server: AuthorizationServer, { step, key }: { step: string; key: string }): Promise<void> {
  const share: ShareSessionInput = {
    issuer: server.issuer,
    clientId: server.publicClient.id,
    key,
    store: input,
    steps: true,
  }
  await using program = startProgram('share-session', share, { environment: { AUTHCHART_TEST_DEADLY_STEP: step } })
  await program.printed('ready')
  const isFromOutside = step === 'sent' || step === 'committed'
  const gate = isFromOutside ? server.faults.hold({ afterCommit: step === 'committed', times: 1 }) : undefined
  program.tell('token')
  if (gate !== undefined) {
    await gate.arrived()
    program.signal('SIGKILL')
  }
  await killed(program)
  gate?.release()
  // The server does what it was sent, though the client is gone.
  await server.until(({ open }) => open === 0, { description: 'the end of the request' })
}

async function killed(program: Program): Promise<void> {
  const code = await program.exited({ withinMilliseconds: 60_000 })
  expect(code, program.lines.join(', ')).toBe(1)
}
