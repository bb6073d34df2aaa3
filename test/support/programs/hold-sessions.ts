/** A process of a service on many machines: it has sessions open in PostgreSQL, and does what it is told on its standard input. */
import { unlinkSync, writeSync } from 'node:fs'
import { exit, kill, pid, stdin } from 'node:process'
import { createInterface } from 'node:readline'
import { createSession, isSessionError, type Session } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import type { Lease, SessionStore } from '@authchart/core/store'
import { openPostgresStore, type PostgresStoreInput } from '../postgres/open-postgres-store.ts'

export interface HoldSessionsInput {
  readonly issuer: string
  readonly clientId: string
  readonly keys: readonly string[]
  readonly store: PostgresStoreInput
  readonly maximumWaitMilliseconds?: number
  /** At which step the process kills itself. */
  readonly deadlyStep?: string
  /** At which step it suspends itself, once. */
  readonly suspendedStep?: string
}

/** A round in which one of many processes dies: whichever of them is first at a step. */
export interface DeadlyRound {
  readonly issuer: string
  readonly clientId: string
  readonly key: string
  readonly step: string
  /** A file: the process that takes it away is the one to die. */
  readonly death: string
}

/** What came of asking all sessions for a token. */
export interface AskedTokens {
  /** Generations, or the code of the failure, by key. */
  readonly outcomes: Readonly<Record<string, number | string>>
  /** How long all of them took, in milliseconds. */
  readonly milliseconds: number
  /** By the clock of the machine, for all processes the same: when all had answered. */
  readonly endedAt: number
  readonly statements: number
}

const input = JSON.parse(process.argv[2] ?? '{}') as HoldSessionsInput
let writing = 'other'
let isSuspended = false
let round: DeadlyRound | undefined
const { store, statements } = openPostgresStore(input.store, (sql) => {
  if (sql.startsWith('insert into') && sql.includes('.lease')) reachOnceSent('take: sent')
  if (sql.startsWith('with') && sql.includes('done as')) reachOnceSent(`${writing}: sent`)
  if (sql.startsWith('with given')) reachOnceSent('giving back: sent')
})
const stepped = withSteps(store)
const sessions = new Map(input.keys.map((key) => [key, open({ ...input, key })]))
await Promise.all([...sessions.values()].map((session) => session.ready))
print('ready')

for await (const line of createInterface({ input: stdin })) {
  if (line === 'token') print(`tokens ${JSON.stringify(await ask((session) => session.getAccessToken()))}`)
  if (line === 'refresh') print(`tokens ${JSON.stringify(await ask((session) => session.refresh()))}`)
  if (line.startsWith('{')) await play(JSON.parse(line) as DeadlyRound)
  if (line === 'leave') break
}
exit(0)

function open({ key, issuer, clientId }: { key: string; issuer: string; clientId: string }): Session {
  const grant = refreshTokenGrant({ issuer, clientId, fetch: send })
  return createSession({
    key,
    store: stepped,
    maximumWaitMilliseconds: input.maximumWaitMilliseconds,
    grant: {
      ...grant,
      async refresh(request) {
        reach('before sending')
        print('sending')
        const outcome = await grant.refresh(request)
        reach('answered')
        return outcome
      },
    },
  })
}

/** The last moment before a request is sent: nothing is asked of the lease any more. */
function send(url: string | URL, init?: RequestInit): Promise<Response> {
  if (init?.method === 'POST') reach('at the wire')
  return fetch(url, init)
}

/** Asks for a token in a round of its own: the session is open for as long as that takes. */
async function play(next: DeadlyRound): Promise<void> {
  round = next
  await using session = open(next)
  sessions.set(next.key, session)
  print(`tokens ${JSON.stringify(await ask((asked) => asked.getAccessToken()))}`)
  sessions.delete(next.key)
}

async function ask(work: (session: Session) => Promise<{ generation: number }>): Promise<AskedTokens> {
  const [began, before] = [performance.now(), statements.count]
  const outcomes = await Promise.all(
    [...sessions].map(async ([key, session]) => {
      const outcome = await work(session).then(
        ({ generation }) => generation,
        (error: unknown) => (isSessionError(error) ? describe(error) : String(error)),
      )
      return [key, outcome] as const
    }),
  )
  return {
    outcomes: Object.fromEntries(outcomes),
    milliseconds: performance.now() - began,
    endedAt: Date.now(),
    statements: statements.count - before,
  }
}

function describe(error: { code: string; reason?: unknown }): string {
  return typeof error.reason === 'string' ? error.reason : error.code
}

/** The store, saying where the procedure is. */
function withSteps(inner: SessionStore): SessionStore {
  const own = new WeakMap<Lease, Lease>()
  return {
    ...inner,
    async lease(key, options) {
      reach('before the lease')
      const lease = await inner.lease(key, options)
      reach('leased')
      const stepping: Lease = {
        lost: lease.lost,
        remainingMilliseconds: () => lease.remainingMilliseconds?.() ?? Number.POSITIVE_INFINITY,
        async [Symbol.asyncDispose]() {
          reach('before giving back')
          await lease[Symbol.asyncDispose]()
          reach('given back')
        },
      }
      own.set(stepping, lease)
      return stepping
    },
    async compareAndSet(key, expected, next, { under } = {}) {
      const what = next.refreshIntent === undefined ? 'tokens' : 'intent'
      writing = what
      const isWritten = await inner.compareAndSet(key, expected, next, { under: under && own.get(under) })
      writing = 'other'
      reach(`${what}: stored`)
      return isWritten
    },
  }
}

/** A driver sends a statement in the turn after it was asked to, and not before. */
function reachOnceSent(step: string): void {
  setImmediate(() => reach(step))
}

function reach(step: string): void {
  if (step === input.deadlyStep || (step === round?.step && mayDie(round))) {
    print(`dying ${Date.now()}`)
    kill(pid, 'SIGKILL')
  }
  if (step !== input.suspendedStep || isSuspended) return
  isSuspended = true
  print('suspended')
  kill(pid, 'SIGSTOP')
}

function mayDie({ death }: DeadlyRound): boolean {
  try {
    unlinkSync(death)
    return true
  } catch {
    return false
  }
}

/** At once, whatever becomes of the process. */
function print(line: string): void {
  writeSync(1, `${line}\n`)
}
