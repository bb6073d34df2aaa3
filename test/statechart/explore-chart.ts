import { type SessionInput, sessionMachine } from '@authchart/core/machine'
import { type ActorLogic, getInitialSnapshot } from 'xstate'
import { getAdjacencyMap } from 'xstate/graph'
import { type ChartEvent, type ChartSnapshot, describePlace } from './chart-snapshot.ts'
import type { TokenKind } from './chart-times.ts'
import { pageEvents, possibleEvents } from './possible-events.ts'
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
  /** Default `true`. */
  readonly needsSignIn?: boolean
  readonly tokenKinds?: readonly TokenKind[]
  readonly machine?: typeof sessionMachine
  /** Whether the page is hidden and shown. Default: it is always seen. */
  readonly pageIsHidden?: boolean
  /** Leaves out, in a world made small, what else could happen there. */
  readonly leaveOut?: (chart: ChartSnapshot, event: ChartEvent) => boolean
  /** How many steps at the most. */
  readonly mostSteps?: number
}

/** Every kind of token that can come. Where nobody signs in, another can always be had. */
function tokenKindsOf({ context }: ChartSnapshot): readonly TokenKind[] {
  const kinds = ['lasting', 'endless', 'uselessOnArrival'] as const
  return context.needsSignIn === false ? kinds : [...kinds, 'notRefreshable']
}

/** Well above what there is. A class that held a number would come to it soon. */
const defaultMostSteps = 150_000

/**
 * Goes everywhere that the chart can go.
 * @throws when that takes more than `mostSteps`
 */
export function exploreChart(exploration: Exploration): ChartGraph {
  const { machine = sessionMachine, refreshTiming, needsSignIn = true, mostSteps = defaultMostSteps } = exploration
  const start = getInitialSnapshot(machine, { key: 'acme:alice', refreshTiming, needsSignIn, online: true })
  const states = new Map([[classOf(start), start]])
  const outgoing = new Map<string, Edge[]>()
  let steps = 0
  for (const [name, state] of states) {
    const edges = stepsFrom(state, exploration)
    outgoing.set(name, edges)
    steps += edges.length
    if (steps > mostSteps) throw new Error(`The chart is not explored after ${mostSteps} steps, but at ${name}`)
    for (const { to, after } of edges) if (!states.has(to)) states.set(to, after)
  }
  return { states, edges: [...outgoing.values()].flat(), edgesFrom: (state) => outgoing.get(state) ?? [] }
}

/** All steps from one state. */
export function stepsFrom(before: ChartSnapshot, exploration: Omit<Exploration, 'refreshTiming'> = {}): Edge[] {
  const { machine = sessionMachine, tokenKinds = tokenKindsOf(before), pageIsHidden } = exploration
  const { leaveOut = () => false } = exploration
  const from = classOf(before)
  // The machine hears its own timers too, which its type does not say.
  const logic = machine as unknown as ActorLogic<ChartSnapshot, ChartEvent, SessionInput>
  // One state at a time: a traversal of all at once keeps a queue that it takes from in quadratic time.
  const map = getAdjacencyMap(logic, {
    fromState: before,
    events: [...possibleEvents(before, tokenKinds), ...(pageIsHidden ? pageEvents(before.context) : [])],
    filterEvents: (chart, event) => !leaveOut(chart, event),
    serializeState: (chart) => (chart === before ? 'before' : 'after'),
    stopWhen: (chart) => chart !== before,
  })
  return Object.entries(map)
    .filter(([state]) => state === 'before')
    .flatMap(([, { transitions }]): { event: ChartEvent; state: ChartSnapshot }[] => Object.values(transitions))
    .map(({ event, state: after }) => ({ from, to: classOf(after), event, before, after }))
}

/** The places that can be reached, each once. */
export function placesOf(graph: ChartGraph): string[] {
  return [...new Set([...graph.states.values()].map(describePlace))]
}
