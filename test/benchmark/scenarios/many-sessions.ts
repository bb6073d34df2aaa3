import { setImmediate } from 'node:timers/promises'
import { createSession, memoryStore, type Session, type SessionStore } from '@authchart/core'
import { sessionMachine } from '@authchart/core/machine'
import { createActor } from 'xstate'
import type { Effort, Measurement, Scenario } from '../measurement.ts'

const counts: Record<Effort, number> = { full: 10_000, smoke: 10 }

/** Creation and heap of ten thousand sessions that are signed out. */
export const measureSignedOutSessions: Scenario = (effort) => measureSessions('signed out', memoryStore(), effort)

/** The same, signed in from a store: what the store itself keeps of each session is not counted. */
export const measureSignedInSessions: Scenario = async (effort) => {
  const store = memoryStore()
  await forEachSession(store, counts[effort], (session, index) =>
    session.signIn({ accessToken: 'a'.repeat(40) + index, refreshToken: 'r'.repeat(40) + index, expiresIn: 3600 }),
  )
  return measureSessions('signed in', store, effort)
}

/** What of that is XState's: actors that run the same chart, with nothing around them. */
export const measureActors: Scenario = async (effort) => {
  const count = counts[effort]
  const before = await measureHeap()
  const actors = Array.from({ length: count }, (_, index) =>
    createActor(sessionMachine, {
      id: `acme:${index}`,
      input: { key: `acme:${index}`, refreshTiming: 'onUse', online: true },
    }).start(),
  )
  const bytes = ((await measureHeap()) - before) / count
  for (const actor of actors) actor.stop()
  return [{ name: "for comparison: heap of the chart's XState actor alone", value: bytes / 1000, unit: 'kB' }]
}

async function measureSessions(name: string, store: SessionStore, effort: Effort): Promise<readonly Measurement[]> {
  const count = counts[effort]
  await forEachSession(memoryStore(), Math.min(count, 500), (session) => session.ready)
  const before = await measureHeap()
  const startedAt = performance.now()
  const sessions = Array.from({ length: count }, (_, index) => openSession(store, index))
  const created = performance.now() - startedAt
  await Promise.all(sessions.map((session) => session.ready))
  const ready = performance.now() - startedAt
  const bytes = ((await measureHeap()) - before) / count
  await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()))
  return [
    { name: `creation of a session, ${name}`, value: created / count, unit: 'ms', target: { atMost: 0.3 } },
    { name: `the same until it is ready, ${name}`, value: ready / count, unit: 'ms' },
    { name: `heap of a session, ${name}`, value: bytes / 1000, unit: 'kB', target: { atMost: 9.5 } },
  ]
}

function openSession(store: SessionStore, index: number): Session {
  return createSession({
    key: `acme:${index}`,
    store,
    grant,
    allowedOrigins: ['https://api.acme.example'],
  })
}

/** One for all, as an app with many users would have it. */
const grant = () => Promise.reject(new Error('Nothing is to be refreshed here.'))

async function forEachSession(
  store: SessionStore,
  count: number,
  work: (session: Session, index: number) => Promise<unknown>,
): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await using session = openSession(store, index)
    await work(session, index)
  }
}

/** Bytes in use once everything is collected that can be. */
async function measureHeap(): Promise<number> {
  for (let times = 0; times < 4; times += 1) {
    await setImmediate()
    globalThis.gc?.()
  }
  return process.memoryUsage().heapUsed
}
