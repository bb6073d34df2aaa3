import { beforeAll, describe, expect, it } from 'vitest'
import { describeEdge } from './chart-checks.ts'
import type { ChartSnapshot } from './chart-snapshot.ts'
import { checkChart } from './check-chart.ts'
import { type ChartGraph, exploreChart } from './explore-chart.ts'

// Another token can always be had, so one that is spent or rejected is refreshed at once.
checkChart('eager', { signsIn: true, unreachable: ['expired/idle', 'rejected/idle'] })

describe('the chart of a grant that signs in by itself', () => {
  let graph: ChartGraph

  beforeAll(() => {
    graph = exploreChart({
      refreshTiming: 'onUse',
      signsIn: true,
      tokenKinds: ['lasting'],
      leaveOut: (_, event) => event.type === 'refresh.failed' || event.type === 'request.ended',
    })
  })

  function waysOut(isFrom: (chart: ChartSnapshot) => boolean): string[] {
    const ways = graph.edges.filter(({ before, after }) => isFrom(before) && after.matches('signedIn'))
    return [...new Set(ways.map(({ event }) => event.type))].sort()
  }

  it('is signed out by a sign-out, or until it is asked again where its record is gone', () => {
    const ways = graph.edges.filter(({ before, after }) => after.matches('signedOut') && !before.matches('signedOut'))
    expect(ways.length).toBeGreaterThan(0)
    const byUser = /^(record\.signedOut|signOut\.)/
    const others = ways.filter(({ event }) => !byUser.test(event.type))
    expect([...new Set(others.map(({ event }) => event.type))]).toEqual(['record.absent'])
    for (const { event, after } of ways) expect(after.context.tombstone).toBe(byUser.test(event.type))
  })

  it('is not signed out by the tombstone that it began anew after', () => {
    const stale = graph.edges.filter(
      ({ before, after, event }) =>
        event.type === 'record.signedOut' &&
        event.underLease !== true &&
        event.generation <= before.context.token.generation &&
        before.matches('signedIn') &&
        !after.matches('signedIn'),
    )
    expect(stale.map(describeEdge)).toEqual([])
  })

  it('never ends because its record is gone, and a first refresh goes on', () => {
    const ended = graph.edges.filter(({ after }) => after.context.end?.reason === 'recordRemoved')
    expect(ended.map(describeEdge)).toEqual([])
    const stopped = graph.edges.filter(
      ({ before, after, event }) =>
        event.type === 'record.absent' &&
        before.matches({ signedIn: { refresh: 'refreshing' } }) &&
        !before.context.token.held &&
        before.context.end === undefined &&
        !after.matches({ signedIn: { refresh: 'refreshing' } }),
    )
    expect(stopped.map(describeEdge)).toEqual([])
  })

  it('begins when it is asked', () => {
    const ways = waysOut((chart) => chart.matches('signedOut') && !chart.context.tombstone)
    expect(ways).toEqual(['record.signedIn', 'refresh.requested', 'signIn.stored', 'token.requested'])
  })

  it('begins again, once the user has signed out, when the app asks for that, and only then', () => {
    const ways = waysOut((chart) => chart.matches('signedOut') && chart.context.tombstone)
    expect(ways).toEqual(['record.signedIn', 'refresh.requested', 'signIn.stored'])
  })
})
