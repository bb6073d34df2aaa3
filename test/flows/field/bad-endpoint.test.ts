import { type Api, apiAnswers } from '@authchart/test/authorization-server'
import { describe, expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { type Field, outcomeOf, startField, tally } from './fixture.ts'

const hour = 3_600_000
const always = { times: Number.POSITIVE_INFINITY }

/** Where the endpoint that rejects every token is. */
const places = [
  { place: 'alone', apiCount: 1, hasGood: false },
  { place: 'beside good addresses of its origin', apiCount: 1, hasGood: true },
  { place: 'beside a second such origin', apiCount: 2, hasGood: true },
  { place: 'among nine such origins', apiCount: 9, hasGood: true },
]

describe.each(places)('$place', { timeout: 120_000 }, ({ apiCount, hasGood }) => {
  test.each([1, 2, 4])('P72 asked 4 times a second by %s holders for an hour', async (holderCount) => {
    await using field = await startField({ holderCount, apiCount })
    // While all pause, and all know it, nothing can change: it is asked less often, to be done within seconds.
    const pace = () => (field.holders.every(({ session }) => allPause(session, field.apis)) ? 10_000 : 250)
    expectLittleHarm(await askForAnHour(field, { pace, hasGood }))
  })

  test.each([1, 2, 4])('P72 asked every 11 s by %s holders for an hour', async (holderCount) => {
    await using field = await startField({ holderCount, apiCount })
    expectLittleHarm(await askForAnHour(field, { pace: () => 11_000 / apiCount, hasGood }))
  })
})

function allPause(session: Field['session'], apis: readonly Api[]): boolean {
  return session.getSnapshot().rejectedBy?.length === apis.length
}

/** Each origin in turn is asked by each holder in turn, at its bad address and at a good one. */
async function askForAnHour(field: Field, { pace, hasGood }: { pace: () => number; hasGood: boolean }) {
  const { apis, holders, clock, server } = field
  for (const api of apis) api.faults.answerWith(apiAnswers.invalidToken, { ...always, path: '/bad' })
  const bad: string[] = []
  const good: string[] = []
  const until = clock.now() + hour
  for (let turn = 0; clock.now() < until; turn += 1) {
    const holder = holders[turn % holders.length]
    const origin = apis[Math.floor(turn / holders.length) % apis.length]?.origin
    const ask = async (path: string, outcomes: string[]) => {
      if (holder !== undefined) outcomes.push(await outcomeOf(holder.fetch(`${origin}${path}?turn=${turn}`)))
    }
    // No simulated time passes: each is answered at once.
    await Promise.all([ask('/bad', bad), hasGood ? ask('/orders', good) : undefined])
    // Nor does a token request for a later caller take any: it would be given up within some milliseconds.
    const isIdle = () => holders.every(({ session }) => session.getSnapshot().status !== 'refreshing')
    await eventually(isIdle, { description: 'the refresh to end' })
    await clock.advance(pace())
  }
  return { bad: tally(bad), good: tally(good), refreshes: server.counts.refreshes }
}

function expectLittleHarm({ bad, good, refreshes }: Awaited<ReturnType<typeof askForAnHour>>): void {
  expect(Object.keys(bad)).toEqual(['401'])
  expect(Object.keys(good).filter((outcome) => outcome !== '200')).toEqual([])
  // One of them at most is for the expiry, since the tokens live for an hour.
  expect(refreshes).toBeLessThanOrEqual(10)
}
