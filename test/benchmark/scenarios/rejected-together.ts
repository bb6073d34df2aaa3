import { setTimeout } from 'node:timers/promises'
import { createFetch } from '@authchart/core/fetch'
import { type ApiServer, startApiServer } from '../api-server.ts'
import { openBenchmarkSession } from '../benchmark-session.ts'
import { type Effort, type Measurement, quantile, type Scenario } from '../measurement.ts'

const requests = 100
const staggerMilliseconds = 60
const rounds: Record<Effort, number> = { full: 40, smoke: 1 }
const warmUpRounds: Record<Effort, number> = { full: 15, smoke: 0 }

/** A hundred requests whose token is rejected: all at once, and one after the other while the refresh is under way. */
export const measureRejectedTogether: Scenario = async (effort) => {
  await using server = await startApiServer()
  // A token that is rejected within 10 s of its birth is not refreshed at once: each of these is a minute old.
  let minutes = 0
  await using session = await openBenchmarkSession(server, () => Date.now() + minutes * 60_000)
  const authorizedFetch = createFetch(session)
  const url = `${server.origin}/api`
  const send = async () => {
    const response = await authorizedFetch(url)
    await response.arrayBuffer()
    return response.ok
  }
  const atOnce = () => Promise.all(Array.from({ length: requests }, send))
  const staggered = () =>
    Promise.all(
      Array.from({ length: requests }, async (_, index) => {
        await setTimeout((index * staggerMilliseconds) / requests)
        return send()
      }),
    )

  const ratios: number[] = []
  const together: Tally[] = []
  const oneByOne: Tally[] = []
  for (let round = 0; round < warmUpRounds[effort] + rounds[effort]; round += 1) {
    const byHand = await timeRoundsByHand(server)
    await session.refresh()
    minutes += 1
    const ours = await tally(server, atOnce)
    minutes += 1
    const other = await tally(server, staggered)
    if (round < warmUpRounds[effort]) continue
    ratios.push(ours.milliseconds / byHand)
    together.push(ours)
    oneByOne.push(other)
  }
  return [
    {
      name: '100 rejected at once, against a 401 round, a token request and a retry round by hand',
      value: quantile(ratios, 0.5),
      unit: '×',
      target: { atMost: 1.2 },
    },
    ...worst('100 rejected at once', together),
    ...worst('100 rejected over 60 ms', oneByOne),
  ]
}

interface Tally {
  readonly milliseconds: number
  readonly tokenRequests: number
  readonly failed: number
}

/** The same by bare fetch and in order: what nobody could do with less. */
async function timeRoundsByHand(server: ApiServer): Promise<number> {
  const { refreshToken } = await server.signIn()
  const sendAll = (token: string) =>
    Promise.all(
      Array.from({ length: requests }, async () => {
        const response = await fetch(`${server.origin}/api`, { headers: { authorization: `Bearer ${token}` } })
        await response.arrayBuffer()
      }),
    )
  await server.expireToken()
  const startedAt = performance.now()
  await sendAll('expired')
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: 'benchmark' })
  const response = await fetch(`${server.origin}/token`, { method: 'POST', body })
  const tokens = (await response.json()) as { access_token: string }
  await sendAll(tokens.access_token)
  return performance.now() - startedAt
}

async function tally(server: ApiServer, sendAll: () => Promise<boolean[]>): Promise<Tally> {
  await server.expireToken()
  const startedAt = performance.now()
  const results = await sendAll()
  const milliseconds = performance.now() - startedAt
  const { tokenRequests } = await server.counts()
  return { milliseconds, tokenRequests, failed: results.filter((ok) => !ok).length }
}

/** Of these the worst round counts, not the one in the middle. */
function worst(what: string, tallies: readonly Tally[]): Measurement[] {
  const most = (values: number[]) => Math.max(...values)
  return [
    {
      name: `${what}: token requests`,
      value: most(tallies.map(({ tokenRequests }) => tokenRequests)),
      unit: 'requests',
      target: { atMost: 1 },
    },
    {
      name: `${what}: failed`,
      value: most(tallies.map(({ failed }) => failed)),
      unit: 'requests',
      target: { atMost: 0 },
    },
  ]
}
