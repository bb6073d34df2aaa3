import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import { type NodeStoreInput, openNodeStore } from '../support/node-store-input.ts'
import { startProgram } from '../support/program.ts'
import type { LoopFigures, ShareSessionInput } from '../support/programs/share-session.ts'
import { openSession, sessionKey, tokenSetOf } from '../support/signed-in-session.ts'
import { isSoak } from '../support/soak.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'

let server: AuthorizationServer
let folder: TemporaryFolder
let store: NodeStoreInput

beforeEach(() => {
  folder = createTemporaryFolder()
  store = { kind: 'file', directory: join(folder.path, 'sessions'), key: randomBytes(32).toString('base64') }
})

afterEach(async () => {
  await server.close()
  await folder[Symbol.asyncDispose]()
})

async function start(options: Partial<ShareSessionInput> = {}) {
  const { issuer, publicClient } = server
  const program = startProgram('share-session', {
    issuer,
    clientId: publicClient.id,
    key: sessionKey,
    store,
    ...options,
  } satisfies ShareSessionInput)
  await program.printed('ready')
  return program
}

it('a holder that is suspended during its request keeps the lease: no other sends one, and it goes on without harm', async () => {
  const suspendedMilliseconds = isSoak ? 30_000 : 2_000
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  await using signedIn = openSession(server, { store: openNodeStore(store) })
  await signedIn.signIn({ ...tokenSetOf(await server.signIn()), expiresIn: 0 })
  const gate = server.faults.hold({ times: 1 })
  // Time goes on for a process that is suspended: its caller would be answered as having waited too long.
  await using holder = await start({ maximumWaitMilliseconds: 70_000 })
  holder.tell('token')
  await gate.arrived()
  holder.signal('SIGSTOP')

  await using first = await start({ maximumWaitMilliseconds: 70_000 })
  await using second = await start({ maximumWaitMilliseconds: 70_000 })
  first.tell('token')
  second.tell('token')
  // The server commits and answers; the holder hears of nothing.
  gate.release()
  await server.until(({ open }) => open === 0)
  const suspendedAt = performance.now()
  const isTimeOver = () => performance.now() - suspendedAt > suspendedMilliseconds
  await eventually(isTimeOver, { description: 'the time to pass', withinMilliseconds: suspendedMilliseconds * 2 })
  expect([...first.lines, ...second.lines]).toEqual(['ready', 'ready'])
  expect(server.counts.refreshes).toBe(1)

  holder.signal('SIGCONT')
  for (const program of [holder, first, second]) program.tell('leave')
  for (const program of [holder, first, second]) await program.exited({ withinMilliseconds: 60_000 })
  const answers = [holder, first, second].map(({ lines }) => lines.at(-1))
  expect(answers[0]).toMatch(/^generation /)
  expect(new Set(answers).size).toBe(1)
  expect(server.counts).toMatchObject({ refreshes: 1, reuseDetected: 0, replays: 0 })
})

it('8 processes on one session whose tokens live for 2 s never reuse a refresh token, and never lose the session', async () => {
  const runMilliseconds = isSoak ? 180_000 : 20_000
  server = await startAuthorizationServer({ lifetimes: { accessToken: 2 } })
  await using signedIn = openSession(server, { store: openNodeStore(store) })
  await signedIn.signIn(tokenSetOf(await server.signIn()))
  const programs = await Promise.all(Array.from({ length: 8 }, () => start({ maximumWaitMilliseconds: 60_000 })))
  for (const program of programs) program.tell(`loop ${runMilliseconds}`)
  for (const program of programs) program.tell('leave')
  for (const program of programs) await program.exited({ withinMilliseconds: runMilliseconds + 60_000 })

  const figures = programs.map(({ lines }) => JSON.parse(lines.at(-1)?.slice('figures '.length) ?? '') as LoopFigures)
  const sum = (of: (one: LoopFigures) => number) => figures.reduce((total, one) => total + of(one), 0)
  const { refreshes, reuseDetected, replays } = server.counts
  console.log(
    `8 processes for ${runMilliseconds / 1000} s: ${sum(({ tokens }) => tokens)} tokens, ${refreshes} token requests, ` +
      `${sum(({ adopted }) => adopted)} adoptions, worst wait ${Math.max(...figures.map(({ worstWait }) => worstWait)).toFixed(0)} ms`,
  )
  expect({ reuseDetected, replays, ended: figures.filter(({ ended }) => ended).length }).toEqual({
    reuseDetected: 0,
    replays: 0,
    ended: 0,
  })
  expect(figures.flatMap(({ failures }) => Object.keys(failures))).toEqual([])
  // Each token set is good for a second and more, of which at most a quarter goes by before it is replaced.
  expect(refreshes).toBeLessThan((runMilliseconds / 1000) * 2)
  expect(refreshes).toBe(sum(({ refreshed }) => refreshed))
  expect(sum(({ adopted }) => adopted)).toBeGreaterThan(refreshes)
})
