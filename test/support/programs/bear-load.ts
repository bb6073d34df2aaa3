/**
 * A process of a service that asks for tokens again and again, until it is told to leave. It prints what it has counted
 * every fifth of a second, since it may be killed at any time.
 */
import { writeSync } from 'node:fs'
import { exit, stdin } from 'node:process'
import { createInterface } from 'node:readline'
import { createSession, isSessionError, type Session } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { openPostgresStore, type PostgresStoreInput } from '../postgres/open-postgres-store.ts'
import { openRedisTokens } from '../redis/redis-tokens.ts'

export interface BearLoadInput {
  readonly issuer: string
  readonly clientId: string
  readonly keys: readonly string[]
  /** Where the tokens are: sessions in PostgreSQL, or a lock by hand in Redis. */
  readonly tokens: { readonly postgres: PostgresStoreInput } | { readonly redis: string }
}

/** What the process has counted so far. */
export interface LoadCounts {
  readonly calls: number
  readonly failed: number
}

const callersAtOnce = 4
const pauseMilliseconds = 50

const input = JSON.parse(process.argv[2] ?? '{}') as BearLoadInput
const counts = { calls: 0, failed: 0 }
let isLeaving = false
const { getAccessToken, refresh, close } = await open(input)
print('ready')

for await (const line of createInterface({ input: stdin })) {
  if (line === 'call') void bearLoad()
  if (line === 'judge') print(`lost ${JSON.stringify(await findLost())}`)
  if (line === 'leave') isLeaving = true
}
exit(0)

async function bearLoad(): Promise<void> {
  const report = () => print(`counts ${JSON.stringify(counts)}`)
  const reporting = setInterval(report, 200)
  await Promise.all(Array.from({ length: callersAtOnce }, call))
  clearInterval(reporting)
  report()
  await close()
  exit(0)
}

async function call(): Promise<void> {
  while (!isLeaving) {
    const key = input.keys[Math.floor(Math.random() * input.keys.length)] ?? ''
    const isAnswered = await getAccessToken(key).then(
      () => true,
      () => false,
    )
    counts.calls += 1
    if (!isAnswered) counts.failed += 1
    await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds * 2 * Math.random()))
  }
}

/** The keys whose users would have to sign in again. */
async function findLost(): Promise<string[]> {
  const judged = await Promise.all(input.keys.map(async (key) => ((await isLost(key)) ? [key] : [])))
  return judged.flat()
}

async function isLost(key: string): Promise<boolean> {
  for (;;) {
    const error: unknown = await refresh(key).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (error === undefined) return false
    if (isSessionError(error) ? error.code === 'sessionEnded' : String(error).includes('invalid_grant')) return true
    // Somebody who is gone still has the lock.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
}

interface Tokens {
  getAccessToken(key: string): Promise<unknown>
  refresh(key: string): Promise<unknown>
  close(): Promise<void>
}

async function open({ issuer, clientId, keys, tokens }: BearLoadInput): Promise<Tokens> {
  if ('redis' in tokens) {
    const redis = await openRedisTokens({ url: tokens.redis, issuer, clientId })
    return {
      getAccessToken: redis.getAccessToken,
      refresh: (key) => redis.getAccessToken(key, { isForced: true }),
      close: async () => redis[Symbol.asyncDispose](),
    }
  }
  const opened = openPostgresStore(tokens.postgres)
  const grant = refreshTokenGrant({ issuer, clientId })
  const sessions = new Map(keys.map((key) => [key, createSession({ key, store: opened.store, grant })]))
  const sessionOf = (key: string) => sessions.get(key) as Session
  await Promise.all([...sessions.values()].map((session) => session.ready))
  return {
    getAccessToken: (key) => sessionOf(key).getAccessToken(),
    refresh: (key) => sessionOf(key).refresh(),
    async close() {
      await Promise.all([...sessions.values()].map((session) => session[Symbol.asyncDispose]()))
      await opened[Symbol.asyncDispose]()
    },
  }
}

/** At once, whatever becomes of the process. */
function print(line: string): void {
  writeSync(1, `${line}\n`)
}
