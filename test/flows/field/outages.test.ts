import { isRefreshUnavailableError } from '@authchart/core'
import { startTokenEndpoint } from '@authchart/core/testing'
import { type AuthorizationServer, tokenAnswers, withRetryAfter } from '@authchart/test/authorization-server'
import { describe, expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { startProgram } from '../../support/program.ts'
import type { WaitForTokenInput } from '../../support/programs/wait-for-token.ts'
import { type Door, doors } from '../http/doors.ts'
import { outcomeOf, startField, tally } from './fixture.ts'

const always = { times: Number.POSITIVE_INFINITY }
const second = 1_000

type Begin = (server: AuthorizationServer) => unknown

/** The ways in which a token endpoint is away. */
const outages: readonly [name: string, begin: Begin][] = [
  ['connections are refused', (server) => server.goDown()],
  ['connections are reset', (server) => server.faults.cutConnectionBeforeCommit(always)],
  ['503', (server) => server.faults.answerWith(tokenAnswers.unavailable, always)],
  ['429 with Retry-After: 2', (server) => server.faults.answerWith(withRetryAfter(tokenAnswers.throttled, 2), always)],
]

/** A session whose token has expired. Time passes only while no token request is under way: the network takes none. */
async function startExpired(random: () => number) {
  const attempts: number[] = []
  const tries: string[] = []
  let open = 0
  const field = await startField({
    random,
    debug: (entry) => {
      if (entry.type === 'decision' && /^(request|replay)$/.test(entry.decision)) tries.push(entry.decision)
    },
    async tokenFetch(url, init) {
      open += 1
      if (init.method === 'POST') attempts.push(field.clock.now())
      try {
        return await fetch(url, init)
      } finally {
        open -= 1
      }
    },
  })
  // The server's metadata is known from now on.
  await field.session.refresh()
  await field.clock.advance(3601 * second)
  attempts.splice(0)
  tries.splice(0)
  return {
    ...field,
    /** When token requests were made. */
    attempts,
    /** What the session decided to do. */
    tries,
    async pass(milliseconds: number) {
      await field.clock.advance(milliseconds)
      await eventually(() => open === 0, { description: 'the token request to end' })
    },
  }
}

type Expired = Awaited<ReturnType<typeof startExpired>>

function callTogether({ session, apis }: Expired, door: Door, count = 50): Promise<string[]> {
  const send = door.open(session)
  return Promise.all(Array.from({ length: count }, () => outcomeOf(send(`${apis[0]?.origin}/orders`))))
}

/** Lets time pass until a call has come to its end. */
async function passWhile<Value>({ pass }: Expired, work: Promise<Value>): Promise<Value> {
  let isDone = false
  const done = work.finally(() => {
    isDone = true
  })
  while (!isDone) await pass(50)
  return done
}

describe.each(doors)('through $name', (door) => {
  describe.each(outages)('%s', (_name, begin) => {
    test.each([
      { milliseconds: 200, random: 0.4 },
      { milliseconds: 2_000, random: 0.999 },
      { milliseconds: 8_000, random: 0.4 },
      { milliseconds: 8_000, random: 0.999 },
    ])('P70 for $milliseconds ms: 50 callers wait, and none fails', async ({ milliseconds, random }) => {
      await using field = await startExpired(() => random)
      const { server, clock, attempts, tries } = field
      await begin(server)
      const calls = callTogether(field, door)
      const end = clock.now() + milliseconds
      while (clock.now() < end) await field.pass(50)
      server.faults.clear()
      await server.comeBack()
      expect(tally(await passWhile(field, calls))).toEqual({ 200: 50 })
      expect(attempts).toHaveLength(tries.length)
      expect(tries.length).toBeLessThanOrEqual(12)
    })
  })
})

test.each(outages)(
  'P71 %s for a minute: callers fail within 10 s, then at once, with the next try',
  async (_name, begin) => {
    await using field = await startExpired(() => 0.6)
    const { server, clock, session, attempts, tries } = field
    await begin(server)
    const waits: number[] = []
    const began = clock.now()
    while (clock.now() < began + 60 * second) {
      const asked = clock.now()
      const calls = Array.from({ length: 5 }, () => session.getAccessToken())
      const errors = await passWhile(field, Promise.all(calls.map((call) => call.catch((error: unknown) => error))))
      for (const error of errors) expect(error).toSatisfy(isRefreshUnavailableError)
      const { retryAt = 0 } = session.getSnapshot()
      expect(errors).toMatchObject(Array.from({ length: 5 }, () => ({ retryAt })))
      waits.push(clock.now() - asked)
      await field.pass(second)
    }
    // Each waits at most as long as it is patient; where the next try is further off than that, not at all.
    expect(Math.max(...waits)).toBeLessThanOrEqual(10 * second + 50)
    expect(waits.filter((wait) => wait <= 50).length).toBeGreaterThan(10)
    expect(attempts).toHaveLength(tries.length)
    expect(tries.length).toBeLessThanOrEqual(16)

    server.faults.clear()
    await server.comeBack()
    await field.pass(Math.max((session.getSnapshot().retryAt ?? 0) - clock.now(), 0))
    await passWhile(field, session.getAccessToken())
  },
)

test.each([
  ['2 s', 2, 'token'],
  ['longer than it is patient', 99, 'failed server'],
])('P70 a program whose only work is to wait stays alive while 503 lasts for %s', async (_name, seconds, said) => {
  await using endpoint = await startTokenEndpoint()
  endpoint.failNext(
    { kind: 'answer', status: 503, retryAfter: 1 },
    { kind: 'answer', status: 503, retryAfter: seconds - 1 },
  )
  const input: WaitForTokenInput = { issuer: endpoint.issuer, tokenSet: { ...endpoint.signIn(), expiresIn: 0 } }
  await using program = startProgram('wait-for-token', input)
  expect(await program.exited()).toBe(0)
  expect(program.lines).toEqual([said])
})
