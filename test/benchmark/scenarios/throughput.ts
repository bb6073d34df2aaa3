import { createFetch } from '@authchart/core/fetch'
import { createKyHooks } from '@authchart/core/ky'
import ky, { type KyInstance } from 'ky'
import { startApiServer } from '../api-server.ts'
import { openBenchmarkSession } from '../benchmark-session.ts'
import { compareDurations } from '../compare.ts'
import type { Measurement, Scenario } from '../measurement.ts'

/** Requests per second through the fetch wrapper, as part of those of bare fetch with a token written by hand. */
export const measureFetch: Scenario = async (effort) => {
  await using server = await startApiServer()
  await using session = await openBenchmarkSession(server)
  const url = `${server.origin}/api`
  const authorizedFetch = createFetch(session)
  const headers = { authorization: `Bearer ${(await session.getAccessToken()).value}` }
  const measurements: Measurement[] = []
  for (const atOnce of [1, 50]) {
    const { ratios } = await compareDurations(
      {
        bare: () => sendAtOnce(atOnce, async () => (await fetch(url, { headers })).json()),
        wrapper: () => sendAtOnce(atOnce, async () => (await authorizedFetch(url)).json()),
      },
      effort,
    )
    const name = `the fetch wrapper, of bare fetch, ${atOnce} at a time`
    measurements.push({ name, value: 1 / ratios.wrapper, unit: '×', target: { atLeast: 0.95 } })
  }
  return measurements
}

/** Requests per second with the ky hooks, as part of those of bare ky with a token written by hand. */
export const measureKy: Scenario = async (effort) => {
  await using server = await startApiServer()
  await using session = await openBenchmarkSession(server)
  const url = `${server.origin}/api`
  const authorization = `Bearer ${(await session.getAccessToken()).value}`
  const bare = ky.create({ headers: { authorization } })
  const withHooks = ky.extend({ hooks: createKyHooks(session) })
  const byHand = createKyByHand(() => authorization)
  const measurements: Measurement[] = []
  for (const atOnce of [1, 50]) {
    const { ratios } = await compareDurations(
      {
        bare: () => sendAtOnce(atOnce, () => bare.get(url).json()),
        hooks: () => sendAtOnce(atOnce, () => withHooks.get(url).json()),
        byHand: () => sendAtOnce(atOnce, () => byHand.get(url).json()),
      },
      effort,
    )
    const of = `of bare ky, ${atOnce} at a time`
    measurements.push(
      { name: `the ky hooks, ${of}`, value: 1 / ratios.hooks, unit: '×', target: { atLeast: 0.93 } },
      { name: `for comparison: hooks written by hand, ${of}`, value: 1 / ratios.byHand, unit: '×' },
    )
  }
  return measurements
}

/** The usual two hooks: one puts the token on, one would refresh after a 401. */
function createKyByHand(readAuthorization: () => string): KyInstance {
  return ky.extend({
    hooks: {
      beforeRequest: [({ request }) => request.headers.set('authorization', readAuthorization())],
      afterResponse: [
        ({ response }) => {
          if (response.status === 401) throw new Error('A refresh would be here.')
        },
      ],
    },
  })
}

async function sendAtOnce(count: number, send: () => Promise<unknown>): Promise<void> {
  if (count === 1) return void (await send())
  await Promise.all(Array.from({ length: count }, send))
}
