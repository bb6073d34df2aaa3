import { apiAnswers, tokenAnswers } from '@authchart/test/authorization-server'
import { describe, expect, test } from 'vitest'
import { passTimeWhile } from '../../support/pass-time.ts'
import { type Field, outcomeOf, startField } from './fixture.ts'

const always = { times: Number.POSITIVE_INFINITY }
const second = 1_000

/** An endpoint has just rejected the token, and the refresh for it is under way. */
async function startRejected({ held }: { held: boolean }) {
  const field = await startField()
  const { apis, holders, clock, server } = field
  const [api] = apis
  if (api === undefined) throw new Error('There is no API')
  api.faults.answerWith(apiAnswers.invalidToken, { ...always, path: '/bad' })
  const gate = held ? server.faults.hold() : undefined
  const send = (url: string, init?: RequestInit) => outcomeOf((holders[0] as Field['holders'][number]).fetch(url, init))
  const bad = send(`${api.origin}/bad`)
  await gate?.arrived()
  return { ...field, api, bad, gate, send, passed: createStopwatch(clock) }
}

/** Says what a call came to, and how long it took of the simulated time. */
function createStopwatch(clock: Field['clock']) {
  const start = clock.now()
  return async (work: Promise<string>) => [await work, clock.now() - start]
}

function streamOf(text: string): RequestInit {
  return { method: 'POST', body: new Blob([text]).stream(), duplex: 'half' } as RequestInit
}

describe('the authorization server never answers', () => {
  test('P73 other origins are served with the unexpired token at once', async () => {
    await using field = await startRejected({ held: true })
    const { api, send, passed, clock } = field
    expect(await passed(send(`${api.otherOrigin}/files`))).toEqual(['200', 0])
    await clock.advance(10 * second)
    expect(await field.bad).toBe('401')
  })

  test('P73 other addresses of that origin, callers without one, and streams are served once patience runs out', async () => {
    await using field = await startRejected({ held: true })
    const { api, send, session, passed, clock } = field
    const waiting = [
      passed(send(`${api.origin}/orders`)),
      passed(session.getAccessToken().then(({ type }) => type)),
      passed(send(`${api.otherOrigin}/files`, streamOf('one shot'))),
      passed(field.bad),
    ]
    await clock.advance(9_999)
    expect(api.counts.accepted).toBe(0)
    await clock.advance(1)
    expect(await Promise.all(waiting)).toEqual([
      ['200', 10 * second],
      ['Bearer', 10 * second],
      ['200', 10 * second],
      ['401', 10 * second],
    ])
  })

  test('P73 the bad address itself gets its answer within one patience, not two', async () => {
    await using field = await startRejected({ held: true })
    const { api, send, clock } = field
    await clock.advance(5 * second)
    const again = createStopwatch(clock)(send(`${api.origin}/bad`))
    await clock.advance(5 * second)
    expect(await field.bad).toBe('401')
    // Sent after 10 s, it is answered without another wait.
    const [outcome, milliseconds] = await passTimeWhile(clock, again, { stepMilliseconds: 50 })
    expect(outcome).toBe('401')
    expect(milliseconds).toBeGreaterThanOrEqual(10 * second)
    expect(milliseconds).toBeLessThan(15 * second)
  })
})

test('P73 the authorization server is down: the token is served everywhere as soon as the refresh has failed', async () => {
  await using field = await startRejected({ held: false })
  const { api, send, session, server, passed } = field
  server.faults.answerWith(tokenAnswers.unavailable, always)
  expect(await field.bad).toBe('401')
  expect(session.getSnapshot()).toMatchObject({ usable: true })
  expect(await passed(send(`${api.origin}/orders`))).toEqual(['200', 0])
  expect(await passed(send(`${api.otherOrigin}/files`))).toEqual(['200', 0])
  expect(await passed(session.getAccessToken().then(({ type }) => type))).toEqual(['Bearer', 0])
  expect(await passed(send(`${api.origin}/bad`))).toEqual(['401', 0])
})

test('P72 streams wait for the refresh under way, and are sent once, with its token', async () => {
  await using field = await startRejected({ held: true })
  const { api, send, gate } = field
  const files = send(`${api.otherOrigin}/files`, streamOf('one shot'))
  const orders = send(`${api.origin}/orders`)
  gate?.release()
  expect([await files, await orders, await field.bad]).toEqual(['200', '200', '401'])
  expect(api.requests.filter(({ path }) => path === '/files')).toMatchObject([{ token: 2, bodyBytes: 8 }])
})
