import { beforeAll, describe, expect, it } from 'vitest'
import { describeEdge } from './chart-checks.ts'
import { checkChart } from './check-chart.ts'
import { type ChartGraph, exploreChart } from './explore-chart.ts'

// Nobody signs in, so a token that is spent or refused is always refreshed at once.
checkChart('eager', { needsSignIn: false, unreachable: ['expired/idle', 'rejected/idle'] })

describe('the chart of a session that needs no sign-in', () => {
  let graph: ChartGraph

  beforeAll(() => {
    graph = exploreChart({
      refreshTiming: 'onUse',
      needsSignIn: false,
      tokenKinds: ['lasting'],
      leaveOut: (_, event) => event.type === 'refresh.failed' || event.type.startsWith('request.'),
    })
  })

  it('is signed out by a sign-out alone, and not by a record that is not there', () => {
    const ways = graph.edges.filter(({ before, after }) => after.matches('signedOut') && !before.matches('signedOut'))
    expect(ways.length).toBeGreaterThan(0)
    const others = ways.filter(({ event }) => !/^(record\.signedOut|signOut\.)/.test(event.type))
    expect(others.map(describeEdge)).toEqual([])
  })

  it('is not signed out by the tombstone that it began anew after', () => {
    const stale = graph.edges.filter(
      ({ before, after, event }) =>
        event.type === 'record.signedOut' &&
        event.generation <= before.context.token.generation &&
        before.matches('signedIn') &&
        !after.matches('signedIn'),
    )
    expect(stale.map(describeEdge)).toEqual([])
  })

  it('never ends because its record is gone', () => {
    const ended = graph.edges.filter(({ after }) => after.context.end?.reason === 'recordRemoved')
    expect(ended.map(describeEdge)).toEqual([])
  })

  it('begins again, once signed out, when that is asked for, and only then', () => {
    const ways = graph.edges.filter(({ before, after }) => before.matches('signedOut') && after.matches('signedIn'))
    expect([...new Set(ways.map(({ event }) => event.type))].sort()).toEqual([
      'record.signedIn',
      'refresh.requested',
      'signIn.stored',
    ])
  })
})
