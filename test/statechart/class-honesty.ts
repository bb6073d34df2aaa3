import type { Findings } from './chart-checks.ts'
import { type ChartGraph, type Edge, stepsFrom } from './explore-chart.ts'

/**
 * Classes whose states cannot all do the same: what was found out about one state of such a class would not be true of
 * another. Of each class, the state that was come to last is compared with the one that was explored.
 */
export function findFalseClasses(graph: ChartGraph): Findings {
  const others = new Map(graph.edges.map(({ to, after }) => [to, after]))
  return [...others].flatMap(([name, other]) => {
    const expected = new Set(graph.edgesFrom(name).map(describeStep))
    const found = new Set(stepsFrom(other).map(describeStep))
    const difference = findMissing(expected, found) ?? findMissing(found, expected)
    return difference === undefined ? [] : [`${name}: not all of its states do ${difference}`]
  })
}

function findMissing(steps: ReadonlySet<string>, others: ReadonlySet<string>): string | undefined {
  return [...steps].find((step) => !others.has(step))
}

function describeStep({ event, to }: Edge): string {
  return `${event.type} → ${to}`
}
