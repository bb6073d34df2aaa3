import { describe, expect, it } from 'vitest'
import { changeChart } from './changed-chart.ts'
import { type CheckName, everyCheck } from './every-check.ts'
import { type Exploration, exploreChart } from './explore-chart.ts'
import { type ChartFault, chartFaults } from './faults.ts'

/**
 * Tokens come by a sign-in alone, no other holder changes the record, no end is mended, and no server asks for patience:
 * enough for a fault to show, and soon explored.
 */
const smallWorld: Exploration = {
  refreshTiming: 'eager',
  tokenKinds: [],
  leaveOut(chart, event) {
    if (event.type.startsWith('record.') && chart.matches('signedIn')) return true
    if (event.type === 'refresh.failed') return event.serverAsked === true
    return 'end' in event && event.end.reason !== 'grantRejected'
  },
}

describe('a chart with a fault', () => {
  it.each(chartFaults)('is found out: $name', (fault: ChartFault) => {
    const { foundBy, world, change } = fault
    const graph = exploreChart({ ...smallWorld, machine: changeChart(change), ...world })
    expect(everyCheck[foundBy](graph)).not.toEqual([])
  })

  it('there is one for each check', () => {
    const found = new Set<CheckName>(chartFaults.map(({ foundBy }) => foundBy))
    expect([...found].sort()).toEqual(Object.keys(everyCheck).sort())
  })

  it('is a copy: one without a fault is found to have none', () => {
    const graph = exploreChart({ ...smallWorld, machine: changeChart(() => {}) })
    for (const [name, find] of Object.entries(everyCheck)) expect.soft(find(graph), name).toEqual([])
  })
})
