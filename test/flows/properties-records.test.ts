import { createSession, isSessionError, memoryStore, type SessionStore } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { parseSessionRecord, type SessionRecord } from '@authchart/core/store'
import { createSimulatedClock } from '@authchart/core/testing'
import { describe, expect, test } from 'vitest'
import fc from '../support/properties.ts'
import { createRecord, createTokenSet, recordTime } from '../support/session-records.ts'
import { sessionKey } from '../support/signed-in-session.ts'

const minute = 60_000
/** Ten minutes after the records were written. */
const now = recordTime + 10 * minute
const origin = 'https://api.example'
const issuer = 'https://login.example'

/** A store that holds a value of whatever shape, and counts what is asked of it. */
function createForeignStore(initial: unknown) {
  const memory = memoryStore()
  let value = structuredClone(initial)
  const counts = { reads: 0, writes: 0, leases: 0 }
  const store: SessionStore = {
    ...memory,
    async read() {
      counts.reads += 1
      return structuredClone(value) as SessionRecord | undefined
    },
    async compareAndSet(key, expectedRevision, next) {
      const { revision } = Object(value) as { revision?: unknown }
      if (revision !== expectedRevision) return false
      counts.writes += 1
      value = structuredClone(next)
      // For those who watch.
      await memory.compareAndSet(key, (await memory.read(key))?.revision, next)
      return true
    },
    lease(key, options) {
      counts.leases += 1
      return memory.lease(key, options)
    },
  }
  return { store, counts, peek: () => value }
}

type Step = 'getAccessToken' | 'send' | 'refresh' | 'signIn' | 'signOut' | 'twoMinutes'

/** Opens a session on what a store holds, and does what apps do, with an authorization server that is well. */
async function live(initial: unknown, steps: readonly Step[]) {
  const { store, counts, peek } = createForeignStore(initial)
  const clock = createSimulatedClock({ now })
  const thrown: unknown[] = []
  let requests = 0
  async function answer(url: string) {
    if (url !== `${issuer}/token`) return new Response()
    requests += 1
    const tokens = { access_token: `access-token-${requests}`, refresh_token: `refresh-token-${requests}` }
    return Response.json({ ...tokens, token_type: 'Bearer', expires_in: 3600 })
  }
  const metadata = { issuer, token_endpoint: `${issuer}/token`, revocation_endpoint: `${issuer}/revoke` }
  await using session = createSession({
    key: sessionKey,
    store,
    runtime: { clock, random: () => 0.5 },
    refreshTiming: 'eager',
    maximumWaitMilliseconds: 0,
    allowedOrigins: [origin],
    grant: refreshTokenGrant({ metadata, clientId: 'app', fetch: answer }),
  })
  // As the platform's would, this refuses headers that cannot be sent, and quotes them.
  const send = createFetch(session, { fetch: async (input, init) => new Response(new Request(input, init).url) })
  const acts: Record<Step, () => Promise<unknown>> = {
    getAccessToken: () => session.getAccessToken(),
    send: () => send(origin),
    refresh: () => session.refresh(),
    signIn: () => session.signIn({ accessToken: 'signed-in', refreshToken: 'refresh-of-sign-in', expiresIn: 3600 }),
    signOut: () => session.signOut(),
    twoMinutes: () => clock.advance(2 * minute),
  }
  await session.ready.catch((error: unknown) => thrown.push(error))
  for (const step of steps) await acts[step]().catch((error: unknown) => thrown.push(error))
  // A refresh that somebody has begun comes to its end first.
  await session[Symbol.asyncDispose]()
  return { counts, peek, thrown, requests }
}

const steps = fc
  .array(fc.constantFrom<Step[]>('getAccessToken', 'send', 'refresh', 'signIn', 'signOut'), { maxLength: 5 })
  .map((chosen): Step[] => [...chosen, 'twoMinutes', 'send'])

const time = fc.oneof(
  fc.integer({ min: now - 90 * minute, max: now + 90 * minute }),
  fc.double({ min: 0, noNaN: true }),
)
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const reason = fc.constantFrom('grantRejected', 'clientRejected', 'unreachable', 'reasonOfTheFuture', 'constructor')
const code = fc.constantFrom('network', 'tokenUnusable', 'codeOfTheFuture', '__proto__')

/** Records that this version or another may have written, in whatever state. */
const records = fc
  .record({
    generation: fc.oneof(fc.nat(), fc.integer({ min: 0, max: now })),
    rejectionStreak: fc.nat(),
    status: fc.constantFrom('signedIn', 'signedIn', 'signedOut', 'ended'),
    end: fc.record({ reason, endedAt: time }),
    backoffUntil: optional(time),
    serverCooldownUntil: optional(time),
    expiresAt: time,
    refreshToken: optional(fc.string()),
    failure: optional(fc.record({ code, count: fc.nat(), since: time, refusalsWithoutReason: fc.nat() })),
    refreshIntent: optional(
      fc.record({
        generation: fc.maxSafeNat(),
        reservedGeneration: fc.maxSafeNat(),
        startedAt: time,
        holder: fc.string(),
        outcomeUnknown: fc.boolean(),
      }),
    ),
  })
  .map(({ refreshToken, end, ...parts }) => {
    const { refreshToken: _, ...rest } = createTokenSet({ expiresAt: parts.expiresAt })
    const tokenSet = refreshToken === undefined ? rest : { ...rest, refreshToken }
    const given = { ...parts, ...(parts.status === 'ended' ? { end } : {}), secrets: { tokenSet } }
    const defined = Object.entries(given).filter(([, value]) => value !== undefined)
    return createRecord(Object.fromEntries(defined))
  })

const oddities = fc.oneof(
  fc.constantFrom<unknown[]>(
    null,
    0,
    -1,
    0.5,
    1e308,
    Number.MAX_SAFE_INTEGER,
    Number.NaN,
    '',
    [],
    {},
    'a\nb',
    'ünïcödé€',
  ),
  fc.anything(),
)
const paths = [
  ...Object.keys(createRecord()).map((name) => [name]),
  ...['expiresAt', 'backoffUntil', 'serverCooldownUntil', 'failure', 'end', 'refreshIntent'].map((name) => [name]),
  ...['accessToken', 'tokenType', 'receivedAt', 'expiresAt', 'refreshToken', 'idToken', 'scope'].map((name) => [
    'secrets',
    'tokenSet',
    name,
  ]),
  ...['issuer', 'clientId', 'subject'].map((name) => ['identity', name]),
  ['secrets', 'tokenSet'],
]

function withOddity(record: SessionRecord, { path, value }: { path: readonly string[]; value: unknown }): unknown {
  const changed = structuredClone(record) as unknown as Record<string, unknown>
  const parents = path.slice(0, -1)
  const parent = parents.reduce((object, name) => object[name] as Record<string, unknown>, changed)
  parent[path.at(-1) ?? ''] = structuredClone(value)
  return changed
}

/** Records that are torn, newer, half somebody else's, or none at all. */
const values: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: records },
  {
    weight: 4,
    arbitrary: fc
      .tuple(records, fc.record({ path: fc.constantFrom(...paths), value: oddities }))
      .map(([record, oddity]) => withOddity(record, oddity)),
  },
  fc.tuple(records, fc.integer({ min: 2 })).map(([record, formatVersion]) => ({ ...record, formatVersion })),
  fc.tuple(records, fc.nat(500)).map(([record, length]) => JSON.stringify(record).slice(0, length)),
  fc
    .tuple(records, fc.subarray(Object.keys(createRecord())))
    .map(([record, kept]) => Object.fromEntries(Object.entries(record).filter(([name]) => kept.includes(name)))),
  fc.anything(),
)

/** Simulated minutes of a session need a few real milliseconds each. */
const runs = { numRuns: 600 }

describe('a record of any shape in the store', () => {
  test('causes nothing but errors of this library, no loop, and no lost record', async () => {
    const seen = { records: 0, unreadable: 0, tokenRequests: 0 }
    await fc.assert(
      fc.asyncProperty(values, steps, async (initial, chosen) => {
        const { thrown, requests, counts, peek } = await live(initial, chosen)
        for (const error of thrown) if (!isSessionError(error)) throw error
        expect(requests).toBeLessThanOrEqual(chosen.length + 2)
        expect(counts.leases).toBeLessThanOrEqual(chosen.length * 2 + 4)
        expect(counts.writes).toBeLessThanOrEqual(chosen.length * 3 + 6)
        expect(counts.reads).toBeLessThanOrEqual(chosen.length * 8 + 20)
        seen.tokenRequests += requests

        if (initial === undefined) return
        const { kind } = parseSessionRecord(initial)
        const isReadable = kind === 'record'
        seen[isReadable ? 'records' : 'unreadable'] += 1
        const isReplaced = kind === 'malformed' && chosen.some((step) => step === 'signIn' || step === 'signOut')
        // A sign-in or a sign-out may replace what is not a record, and nothing else does; what was understood stays so.
        if (!isReadable && !(isReplaced && parseSessionRecord(peek()).kind === 'record')) {
          expect(peek()).toStrictEqual(structuredClone(initial))
        } else expect(parseSessionRecord(peek())).toMatchObject({ kind: 'record' })
      }),
      runs,
    )
    expect(Math.min(seen.records, seen.unreadable, seen.tokenRequests)).toBeGreaterThan(0)
  }, 120_000)

  test('keeps its refresh token, its generations and its unknown fields through refreshes', async () => {
    await fc.assert(
      fc.asyncProperty(records, fc.array(fc.constantFrom<Step[]>('send', 'refresh')), async (initial, chosen) => {
        const { peek, requests } = await live(initial, chosen)
        const record = peek() as SessionRecord
        expect(record).toMatchObject({ fieldOfTheFuture: { kept: true }, signInId: initial.signInId })
        expect(record.generation).toBeGreaterThanOrEqual(initial.generation)
        expect(record.highestReservedGeneration).toBeGreaterThanOrEqual(initial.highestReservedGeneration)
        const { refreshToken } = record.secrets?.tokenSet ?? {}
        expect(refreshToken).toBe(requests === 0 ? initial.secrets?.tokenSet.refreshToken : `refresh-token-${requests}`)
      }),
      runs,
    )
  }, 120_000)
})
