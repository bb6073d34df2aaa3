import { expect, test } from 'vitest'
import { sessionMachineOf } from '../session/session-chart.ts'
import { type ChartDefinition, describeChart } from './chart-definition.ts'
import { chartDescriptions } from './chart-descriptions.ts'

test('V1 each state of the chart has a description, and each description a state', () => {
  const described = pathsIn(describeChart(sessionMachineOf().config)).map(([path, { description }]) => [
    path,
    description,
  ])
  expect(Object.fromEntries(described)).toEqual(chartDescriptions)
})

function pathsIn(definition: ChartDefinition, path = ''): [string, ChartDefinition][] {
  const states = Object.entries(definition.states ?? {})
  const inside = states.flatMap(([name, state]) => pathsIn(state, path === '' ? name : `${path}.${name}`))
  return [[path, definition], ...inside]
}
