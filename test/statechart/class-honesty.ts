import type { SessionInput, sessionMachine } from '@authchart/core/machine'
import type { ActorLogic } from 'xstate'
import { getAdjacencyMap } from 'xstate/graph'
import type { Findings } from './chart-checks.ts'
import type { ChartEvent, ChartSnapshot } from './chart-snapshot.ts'
import { allTokenKinds, type ChartGraph } from './explore-chart.ts'
import { possibleEvents } from './possible-events.ts'
import { classOf } from './state-class.ts'

/**
 * Classes whose states cannot all do the same: what was found out about one state of such a class would not be true of
 * another. Of each class, the state that was come to last is compared with the one that was explored.
 */
export function findFalseClasses(graph: ChartGraph, machine: typeof sessionMachine): Findings {
  const others = new Map(graph.edges.map(({ to, after }) => [to, after]))
  return [...others].flatMap(([name, other]) => {
    const expected = graph.edgesFrom(name).map(({ event, to }) => `${event.type} → ${to}`)
    const steps = stepsOf(machine, other).map(({ event, to }) => `${event.type} → ${to}`)
    const missing = expected.find((step) => !steps.includes(step))
    const unexpected = steps.find((step) => !expected.includes(step))
    const difference = missing ?? unexpected
    return difference === undefined ? [] : [`${name}: not all of its states do ${difference}`]
  })
}

function stepsOf(machine: typeof sessionMachine, state: ChartSnapshot): { event: ChartEvent; to: string }[] {
  const logic = machine as unknown as ActorLogic<ChartSnapshot, ChartEvent, SessionInput>
  const isStart = (chart: ChartSnapshot) => chart === state
  const map = getAdjacencyMap(logic, {
    fromState: state,
    events: (chart) => possibleEvents(chart, allTokenKinds),
    serializeState: (chart) => (isStart(chart) ? 'start' : classOf(chart)),
    stopWhen: (chart) => !isStart(chart),
  })
  const start: { transitions: Record<string, { event: ChartEvent; state: ChartSnapshot }> } | undefined =
    Object.entries(map).find(([name]) => name === 'start')?.[1]
  const steps = Object.values(start?.transitions ?? {})
  return steps.map(({ event, state: after }) => ({ event, to: classOf(after) }))
}
