import { randomBytes } from 'node:crypto'
import type { SessionRecord } from '@authchart/core/store'
import type { PostgresStore } from '@authchart/postgres-store'
import { createRecord, createTokenSet } from '../../support/session-records.ts'

/** Tokens as large as those of many providers: JWTs. */
export function createLargeRecord(count: number): SessionRecord {
  const text = (bytes: number) => randomBytes(bytes).toString('base64url')
  const tokenSet = createTokenSet({ accessToken: text(900), idToken: text(700), refreshToken: text(48) })
  return createRecord({ revision: `revision-${count}`, generation: 5 + count, secrets: { tokenSet } })
}

const never = new AbortController().signal

/** What the database has to do for one refresh: lease, re-read, intent under the lease, result, give back. */
export async function refreshCycle(store: PostgresStore, key: string): Promise<void> {
  await using lease = await store.lease(key, { signal: never })
  const record = (await store.read(key)) as SessionRecord
  const { generation } = record
  const intent = {
    ...record,
    revision: crypto.randomUUID(),
    highestReservedGeneration: generation + 1,
    refreshIntent: {
      generation,
      reservedGeneration: generation + 1,
      startedAt: Date.now(),
      holder: 'bench',
      outcomeUnknown: false,
    },
  }
  if (!(await store.compareAndSet(key, record.revision, intent, { under: lease })))
    throw new Error('The intent was lost.')
  const { refreshIntent: _cleared, ...rest } = intent
  const tokens = createLargeRecord(0).secrets
  const next = { ...rest, revision: crypto.randomUUID(), generation: generation + 1, secrets: tokens }
  if (!(await store.compareAndSet(key, intent.revision, next))) throw new Error('The result was lost.')
}

/** How often something was done, and how long it took. */
export interface Pace {
  readonly perSecond: number
  readonly medianMilliseconds: number
  readonly count: number
}

/** Does it again and again, so many at a time, for so long. */
export async function paceOf(
  work: (worker: number, round: number) => Promise<unknown>,
  { atOnce, milliseconds }: { atOnce: number; milliseconds: number },
): Promise<Pace> {
  const times: number[] = []
  const until = performance.now() + milliseconds
  const began = performance.now()
  await Promise.all(
    Array.from({ length: atOnce }, async (_, worker) => {
      for (let round = 0; performance.now() < until; round += 1) {
        const start = performance.now()
        await work(worker, round)
        times.push(performance.now() - start)
      }
    }),
  )
  const seconds = (performance.now() - began) / 1000
  const sorted = times.sort((one, other) => one - other)
  return {
    perSecond: times.length / seconds,
    medianMilliseconds: sorted[Math.floor(sorted.length / 2)] ?? 0,
    count: times.length,
  }
}
