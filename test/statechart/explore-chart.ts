import { type SessionInput, sessionMachine } from '@authchart/core/machine'
import type { ActorLogic } from 'xstate'
import { getAdjacencyMap } from 'xstate/graph'
import { type ChartEvent, type ChartSnapshot, describePlace } from './chart-snapshot.ts'
import type { TokenKind } from './chart-times.ts'
import { possibleEvents } from './possible-events.ts'
import { classOf } from './state-class.ts'

/** One step of the chart, between two classes of states. */
export interface Edge {
  readonly from: string
  readonly to: string
  readonly event: ChartEvent
  readonly before: ChartSnapshot
  readonly after: ChartSnapshot
}

/** Everything that the chart can do. */
export interface ChartGraph {
  /** A state of each class that can be reached. */
  readonly states: ReadonlyMap<string, ChartSnapshot>
  readonly edges: readonly Edge[]
  /** The edges that lead out of a class. */
  edgesFrom(state: string): readonly Edge[]
}

/** What is explored; and with which machine, where it is not the real one. */
export interface Exploration {
  readonly refreshTiming: 'eager' | 'onUse'
  readonly tokenKinds?: readonly TokenKind[]
  readonly machine?: typeof sessionMachine
  /** Whether nobody else changes the record once it has been read. Default false. */
  readonly isAlone?: boolean
  /** How many steps at the most. */
  readonly mostSteps?: number
}

/** Every kind of token that can come. */
export const allTokenKinds: readonly TokenKind[] = ['lasting', 'endless', 'notRefreshable', 'uselessOnArrival']

/** Well above what there is. A class that held a number would come to it at once. */
const defaultMostSteps = 200_000

/**
 * Goes everywhere that the chart can go.
 * @throws when that takes more than `mostSteps`
 */
export function exploreChart(exploration: Exploration): ChartGraph {
  const { machine = sessionMachine, refreshTiming, mostSteps = defaultMostSteps } = exploration
  const { tokenKinds = allTokenKinds, isAlone = false } = exploration
  // The machine hears its own timers too, which its type does not say.
  const logic = machine as unknown as ActorLogic<ChartSnapshot, ChartEvent, SessionInput>
  const map = getAdjacencyMap(logic, {
    input: { key: 'acme:alice', refreshTiming, online: true },
    events: (chart) => possibleEvents(chart, tokenKinds),
    filterEvents: (chart, event) => !(isAlone && chart.matches('signedIn') && event.type.startsWith('record.')),
    serializeState: (chart) => classOf(chart),
    limit: mostSteps,
  })
  const states = new Map(Object.entries(map).map(([name, { state }]) => [name, state]))
  const outgoing = new Map<string, Edge[]>()
  for (const [from, { state: before, transitions }] of Object.entries(map)) {
    const steps: { event: ChartEvent; state: ChartSnapshot }[] = Object.values(transitions)
    const edges = steps.map(({ event, state: after }) => ({
      from,
      to: classOf(after),
      event,
      before,
      after,
    }))
    outgoing.set(from, edges)
  }
  return { states, edges: [...outgoing.values()].flat(), edgesFrom: (state) => outgoing.get(state) ?? [] }
}

/** The places that can be reached, each once. */
export function placesOf(graph: ChartGraph): string[] {
  return [...new Set([...graph.states.values()].map(describePlace))]
}
