import { join } from 'node:path'
import { platform } from 'node:process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SecretService, startSecretService } from '../support/secret-service.ts'
import { missingKeyringTools } from '../support/secret-service-tools.ts'
import { tokenSetOf } from '../support/signed-in-session.ts'
import type { HoldLeaseInput } from './programs/hold-lease.ts'
import type { StoreInput } from './programs/live-session.ts'
import { createProject, type Project } from './project.ts'
import { findRuntimes, findWorkerd, installRuntimes, type Runtime } from './runtimes.ts'
import { bundleWorker, startWorkerd } from './workerd.ts'
import { type StartedWorld, startWorld } from './world.ts'

installRuntimes()
const runtimes = findRuntimes()
const [node] = runtimes as [Runtime, ...Runtime[]]
/** As on musl: SQLite has the locks. */
const nodeWithoutAddon: Runtime = { ...node, name: 'Node without the native addon' }
const all = [...runtimes, nodeWithoutAddon]
/** One of each way to lock. */
const holders = all.filter(({ name }) => name !== 'Node 22')
const workerd = findWorkerd()

let project: Project
let withoutAddon: Project
let keyring: SecretService | undefined

beforeAll(async () => {
  project = createProject()
  withoutAddon = project.copyWithoutAddon()
  if (missingKeyringTools === undefined) keyring = await startSecretService()
  await bundleWorker(project.folder)
})

afterAll(async () => {
  await keyring?.[Symbol.asyncDispose]()
  await withoutAddon[Symbol.asyncDispose]()
  await project[Symbol.asyncDispose]()
})

function projectOf(runtime: Runtime): Project {
  return runtime === nodeWithoutAddon ? withoutAddon : project
}

/** That a life was as it should be, by those who lived it and by the servers. */
function judgeLife(seen: unknown, { server, api }: StartedWorld): void {
  expect(seen).toEqual(expect.arrayContaining(['signedIn', 'refreshFailed', 'recovered', 'signedOut']))
  // No refresh token was sent twice, and each refresh was needed: 20, one for the rejection, one after the outage.
  expect(server.counts).toMatchObject({ refreshes: 22, refreshesIssued: 22, replays: 0, reuseDetected: 0 })
  expect(api.counts).toMatchObject({ rejected: 1 })
}

describe.each(all)('in $name', (runtime) => {
  const kinds: StoreInput['kind'][] = runtime === nodeWithoutAddon ? ['file'] : ['memory', 'file', 'keyring']

  test.concurrent.each(kinds)('a session lives its life with the store %s', async (kind) => {
    if (kind === 'keyring' && keyring === undefined) return
    await using started = await startWorld()
    const input = { world: started.world, store: { kind, directory: join(project.folder, `${runtime.name} ${kind}`) } }
    const printed = await projectOf(runtime).run(runtime, 'live-session', input, keyring?.environment)
    judgeLife(JSON.parse(printed), started)
  })

  test.concurrent('a program whose script is done exits though its session is open', async () => {
    const directory = join(project.folder, `${runtime.name} open`)
    await using program = projectOf(runtime).start(runtime, 'leave-open', { directory })
    expect(await program.exited({ withinMilliseconds: 90_000 })).toBe(0)
    expect(program.lines).toEqual(['signedIn', 'refreshed'])
  })

  test.concurrent('the file store keeps its contract', async () => {
    const printed = await projectOf(runtime).run(runtime, 'keep-contract', {})
    expect(JSON.parse(printed)).toEqual({ cases: 29, broken: [] })
  })
})

function hold(runtime: Runtime, directory: string, patience: number) {
  const input: HoldLeaseInput = { directory, patience }
  return projectOf(runtime).start(runtime, 'hold-lease', input)
}

test.concurrent.each(holders)(
  'a lease that $name has keeps out all others while it lives, suspended too, and none once it is killed',
  async (holder) => {
    const directory = join(project.folder, `leases of ${holder.name}`)
    await using first = hold(holder, directory, 90_000)
    await first.printed('leased')
    if (platform !== 'win32') first.signal('SIGSTOP')
    const outcomes = await Promise.all(
      holders.map(async (other) => {
        await using program = hold(other, directory, 500)
        await program.exited({ withinMilliseconds: 90_000 })
        return program.lines
      }),
    )
    expect(outcomes).toEqual(holders.map(() => ['kept out']))
    const next = holders.map((other) => hold(other, directory, 90_000))
    first.signal('SIGKILL')
    for (const program of next) void program.printed('leased').then(() => program.tell('give it back'))
    await Promise.all(next.map((program) => program.exited({ withinMilliseconds: 90_000 })))
    expect(next.map(({ lines }) => lines)).toEqual(holders.map(() => ['leased', 'given back']))
    expect(first.lines).toEqual(['leased'])
  },
)

describe.skipIf(workerd === undefined)('in workerd', () => {
  let started: StartedWorld
  let worker: Awaited<ReturnType<typeof start>>

  async function start() {
    const { issuer, clientId, api } = started.world
    const bindings = { ISSUER: issuer, CLIENT_ID: clientId, API: api }
    return startWorkerd(workerd ?? '', { folder: project.folder, bindings })
  }

  async function post(path: string, body: unknown = started.world): Promise<Response> {
    return fetch(`${worker.origin}${path}`, { method: 'POST', body: JSON.stringify(body) })
  }

  beforeAll(async () => {
    started = await startWorld()
    worker = await start()
  })

  afterAll(async () => {
    await worker[Symbol.asyncDispose]()
    await started[Symbol.asyncDispose]()
  })

  test.each(['/memory', '/object/life'])('a session lives its life: %s', async (path) => {
    started.server.resetCounts()
    started.api.resetCounts()
    const response = await post(path)
    const text = await response.text()
    expect(response.status, text).toBe(200)
    judgeLife(JSON.parse(text), started)
  })

  test('the store in a Durable Object keeps its contract', async () => {
    expect(await (await post('/object/contract')).json()).toEqual({ cases: 27, broken: [] })
  })

  test('a session that is made at module scope says at once that it cannot be', async () => {
    expect(await (await post('/module-scope')).text()).toMatch(/setting a timeout.*not allowed within global scope/)
  })

  test("a session in a Durable Object outlives its caller's patience, and a restart", async () => {
    const { server, api } = started
    const orders = (signal?: AbortSignal) => fetch(`${worker.origin}/alice/orders`, { signal })
    await post('/alice/sign-in', tokenSetOf(await server.signIn()))
    expect((await orders()).status).toBe(200)
    server.resetCounts()
    await api.revokeLastAcceptedToken()
    const gate = server.faults.hold({ afterCommit: true })
    const caller = new AbortController()
    const abandoned = orders(caller.signal)
    await gate.arrived(1)
    caller.abort()
    await expect(abandoned).rejects.toThrow()
    const patient = orders()
    gate.release()
    expect((await patient).status).toBe(200)
    expect(server.counts).toMatchObject({ refreshes: 1 })

    await worker[Symbol.asyncDispose]()
    worker = await start()
    expect((await orders()).status).toBe(200)
    expect(server.counts).toMatchObject({ refreshes: 1 })
    await post('/alice/sign-out')
    expect((await orders()).status).toBe(401)
  })
})
