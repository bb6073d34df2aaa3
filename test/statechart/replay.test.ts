import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../authorization-server/index.ts'
import { chartPlaces } from '../support/drive-chart.ts'
import { replay } from './live-session.ts'
import { type Path, shortestPaths } from './replay-paths.ts'

let server: AuthorizationServer

beforeAll(async () => {
  // Shorter than the clock is looked at anyhow: what fires is what was waited for.
  server = await startAuthorizationServer({ lifetimes: { accessToken: 200 } })
})

afterAll(() => server[Symbol.asyncDispose]())

describe.each(['eager', 'onUse'] as const)('a live session with refreshTiming %s', (refreshTiming) => {
  const paths = shortestPaths(refreshTiming)

  it.each(paths)('goes the way of the chart to $place', async (path) => {
    const expected = placesOnTheWay(path)
    const places = await replay(path, { server, refreshTiming })
    expect(places).toEqual(expected)
  })

  it('gets everywhere', () => {
    const neverRests = refreshTiming === 'eager' ? ['expired/idle', 'rejected/idle'] : []
    const reached = [...paths.map(({ place }) => place), ...neverRests]
    expect(reached.sort()).toEqual(chartPlaces.map((place) => place.replace(' / ', '/')).sort())
  })
})

it('notices a session that goes another way', async () => {
  const path = shortestPaths('eager').find(({ place }) => place === 'rejected/refreshing.waitingForLease')
  if (path === undefined) throw new Error('There is no such path')
  const places = await replay(path, { server, refreshTiming: 'onUse' })
  expect(places).not.toEqual(placesOnTheWay(path))
  expect(places.at(-1)).toBe('rejected/idle')
})

function placesOnTheWay({ steps }: Path): string[] {
  const places = ['restoring.reading', ...steps.map(({ place }) => place)]
  return places.filter((place, index) => place !== places[index - 1])
}
