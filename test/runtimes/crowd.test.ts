import { join } from 'node:path'
import { fileStore } from '@authchart/node-store/file'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Program } from '../support/program.ts'
import { openSignedInSession } from '../support/signed-in-session.ts'
import type { ShareSessionInput } from './programs/share-session.ts'
import { createProject, type Project } from './project.ts'
import { findRuntimes, installRuntimes, type Runtime } from './runtimes.ts'
import { startWorld } from './world.ts'

/** `pnpm matrix`. */
const isMatrix = (import.meta as { env?: { MODE?: string } }).env?.MODE === 'matrix'
const processesOfEach = 6
const killedProcesses = 4
const milliseconds = 30_000

describe.runIf(isMatrix)('24 processes of all runtimes', () => {
  let projects: Project[] = []

  beforeAll(() => {
    installRuntimes()
    const project = createProject()
    projects = [project, project.copyWithoutAddon()]
  })

  afterAll(async () => {
    for (const project of projects) await project[Symbol.asyncDispose]()
  })

  test('P17 share one session and send no refresh token twice, while some are killed and some suspended', async () => {
    const [project, withoutAddon] = projects as [Project, Project]
    await using started = await startWorld({ accessToken: 2 })
    const { server, world } = started
    // One that is killed may have sent a refresh token whose answer it never stored: the next one asks once more.
    server.faults.setGrace(60_000)
    const directory = join(project.folder, 'crowd')
    const store = fileStore({ directory, key: new Uint8Array(32).fill(7) })
    const session = await openSignedInSession(server, { store })
    await session.close()
    const input: ShareSessionInput = { world, directory }
    const [node, ...others] = findRuntimes().filter(({ name }) => name !== 'Node 22') as [Runtime, ...Runtime[]]
    const startEach = () => [
      ...[node, ...others].map((runtime) => project.start(runtime, 'share-session', input)),
      withoutAddon.start(node, 'share-session', input),
    ]
    const programs = Array.from({ length: processesOfEach }, startEach).flat()
    await Promise.all(programs.map((program) => program.printedAfter(0, 'token')))
    await disturb(programs.slice(0, 2 * killedProcesses))
    const left = programs.slice(2 * killedProcesses)
    for (const program of left) program.tell('end')
    await Promise.all(left.map((program) => program.exited({ withinMilliseconds: 30_000 })))
    for (const program of programs) await program[Symbol.asyncDispose]()

    expect(server.counts).toMatchObject({ reuseDetected: 0, openAtOncePerFamilyMaximum: 1 })
    expect(server.counts.repeatsWithinGrace).toBeLessThanOrEqual(killedProcesses)
    expect(server.counts.refreshesIssued).toBeGreaterThan(8)
    expect(left.flatMap(({ lines }) => lines.filter((line) => line.startsWith('failed')))).toEqual([])
    expect(left.every(({ lines }) => lines.at(-1) === 'done')).toBe(true)
  })
})

/** Suspends half of them for a while, again and again, and kills the others one by one, with as much time between. */
async function disturb(programs: readonly Program[]): Promise<void> {
  const [suspended, killed] = [programs.slice(killedProcesses), programs.slice(0, killedProcesses)]
  const share = milliseconds / killed.length
  for (const program of killed) {
    for (const each of suspended) each.signal('SIGSTOP')
    await pass(share / 2)
    for (const each of suspended) each.signal('SIGCONT')
    await pass(share / 2)
    program.signal('SIGKILL')
  }
}

function pass(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time))
}
