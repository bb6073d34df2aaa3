import type { TokenSetInput } from '@authchart/core'
import { startTokenEndpoint } from '@authchart/core/testing'
import type { ClientOf } from '../../support/postgres/holders.ts'
import { type Program, startProgram } from '../../support/program.ts'
import type { BearLoadInput, LoadCounts } from '../../support/programs/bear-load.ts'

const loadMilliseconds = 60_000
const processCount = 10
const keys = Array.from({ length: 20 }, (_, index) => `acme:${index}`)

const stepMilliseconds = 500
const stepsBetweenKills = 4
const stepsBetweenSuspensions = 8
/** Longer than the lock lives. */
const suspensionMilliseconds = 15_000

/** What came of it. */
export interface DeadlyLoad extends LoadCounts {
  readonly killed: number
  readonly suspended: number
  readonly tokenRequests: number
  readonly reused: number
  /** Sessions that need a sign-in now. */
  readonly lost: number
}

/**
 * Processes that share sessions on short tokens, and ask for them all the time; one is killed every 2 s, and another is
 * suspended every 4 s, for longer than a lock lives. Then a new process tries to refresh each session.
 */
export async function runDeadlyLoad({
  graceMilliseconds,
  prepare,
}: {
  graceMilliseconds: number
  /** Signs in, and says where the tokens are. */
  prepare(client: ClientOf, tokenSets: Readonly<Record<string, TokenSetInput>>): Promise<BearLoadInput['tokens']>
}): Promise<DeadlyLoad> {
  await using endpoint = await startTokenEndpoint({ expiresIn: 4, graceMilliseconds })
  const client = { issuer: endpoint.issuer, clientId: 'acme' }
  const tokens = await prepare(client, Object.fromEntries(keys.map((key) => [key, endpoint.signIn()])))
  // As slow as a server far away: half of the time is the way there, half the way back.
  const delay = { kind: 'delay', milliseconds: 200 } as const
  for (let pair = 0; pair < 5_000; pair += 1) endpoint.failNext(delay, { ...delay, afterCommit: true })

  const input = { ...client, keys, tokens }
  await using crowd = await createCrowd(input)
  await crowd.disturb()
  await crowd.leave()

  await using judge = await startProcess(input)
  judge.tell('judge')
  const lost = JSON.parse((await judge.printedAfter(0, 'lost ')).slice('lost '.length)) as string[]
  const { requests, reused } = endpoint.counts
  return { ...crowd.counts(), tokenRequests: requests, reused, lost: lost.length }
}

/** As a table, a column each. */
export function describeDeadlyLoad(columns: Readonly<Record<string, DeadlyLoad>>): string {
  const loads = Object.values(columns)
  const rows: [string, (load: DeadlyLoad) => string | number][] = [
    ['processes killed', ({ killed }) => killed],
    ['processes suspended for 15 s', ({ suspended }) => suspended],
    ['calls', ({ calls }) => calls],
    ['calls without a token', ({ failed }) => failed],
    ['token requests', ({ tokenRequests }) => tokenRequests],
    ['reused refresh tokens', ({ reused }) => reused],
    [`sessions lost, of ${keys.length}`, ({ lost }) => `**${lost}**`],
  ]
  return [
    `| ${processCount} processes, ${keys.length} sessions, ${loadMilliseconds / 1000} s | ${Object.keys(columns).join(' | ')} |`,
    `| --- |${' ---: |'.repeat(loads.length)}`,
    ...rows.map(([name, cellOf]) => `| ${[name, ...loads.map(cellOf)].join(' | ')} |`),
  ].join('\n')
}

async function startProcess(input: BearLoadInput): Promise<Program> {
  const program = startProgram('bear-load', input)
  await program.printed('ready')
  return program
}

interface Member {
  readonly program: Program
  /** In steps; absent: it runs; `Infinity`: it was killed. */
  absentUntil?: number
}

async function createCrowd(input: BearLoadInput) {
  const started: Program[] = []
  const random = seededRandom(14)
  const disturbances = { killed: 0, suspended: 0 }

  async function join(): Promise<Member> {
    const program = await startProcess(input)
    started.push(program)
    program.tell('call')
    return { program }
  }
  const members = await Promise.all(Array.from({ length: processCount }, join))

  function choose(): number {
    const running = members.flatMap(({ absentUntil }, index) => (absentUntil === undefined ? [index] : []))
    return running[Math.floor(random() * running.length)] ?? 0
  }

  function wake(member: Member): void {
    member.program.signal('SIGCONT')
    member.absentUntil = undefined
  }

  async function kill(index: number): Promise<void> {
    const member = members[index] as Member
    member.program.signal('SIGKILL')
    member.absentUntil = Infinity
    disturbances.killed += 1
    members[index] = await join()
  }

  function suspend(index: number, step: number): void {
    const member = members[index] as Member
    member.program.signal('SIGSTOP')
    member.absentUntil = step + suspensionMilliseconds / stepMilliseconds
    disturbances.suspended += 1
  }

  return {
    /** At times that are the same for every crowd. */
    async disturb() {
      const coming: Promise<void>[] = []
      for (let step = 1; step <= loadMilliseconds / stepMilliseconds; step += 1) {
        await new Promise((resolve) => setTimeout(resolve, stepMilliseconds))
        for (const member of members) if (member.absentUntil !== undefined && step >= member.absentUntil) wake(member)
        if (step % stepsBetweenSuspensions === 1) suspend(choose(), step)
        if (step % stepsBetweenKills === 3) coming.push(kill(choose()))
      }
      await Promise.all(coming)
    },
    /** Lets them end as they should. */
    async leave() {
      for (const member of members) {
        wake(member)
        member.program.tell('leave')
      }
      await Promise.all(members.map(({ program }) => program.exited({ withinMilliseconds: 60_000 })))
    },
    counts() {
      const last = started.map(({ lines }) => lines.findLast((line) => line.startsWith('counts ')))
      const each = last.map((line) => JSON.parse(line?.slice('counts '.length) ?? '{}') as Partial<LoadCounts>)
      return {
        ...disturbances,
        calls: each.reduce((sum, { calls = 0 }) => sum + calls, 0),
        failed: each.reduce((sum, { failed = 0 }) => sum + failed, 0),
      }
    },
    async [Symbol.asyncDispose]() {
      for (const program of started) await program[Symbol.asyncDispose]()
    },
  }
}

/** Mulberry32: the same numbers for each run. */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
