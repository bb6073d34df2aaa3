import { type SessionInput, sessionMachine } from '@authchart/core/machine'
import { createActor, getInitialSnapshot } from 'xstate'
import { type ChartEvent, type ChartSnapshot, describePlace, type Happening } from './chart-snapshot.ts'
import type { TokenKind } from './chart-times.ts'
import { pageEvents, possibleEvents } from './possible-events.ts'
import { classOf } from './state-class.ts'

/** One step of the chart, between two classes of states. */
export interface Edge {
  readonly from: string
  readonly to: string
  readonly event: ChartEvent
  /** What the clock said then; absent where the chart did not ask. */
  readonly now: number | undefined
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
  /** Whether the grant signs in by itself. Default `false`. */
  readonly signsIn?: boolean
  readonly tokenKinds?: readonly TokenKind[]
  readonly machine?: typeof sessionMachine
  /** Whether the page is hidden and shown. Default: it is always seen. */
  readonly pageIsHidden?: boolean
  /** Leaves out, in a world made small, what else could happen there. */
  readonly leaveOut?: (chart: ChartSnapshot, event: ChartEvent) => boolean
  /** How many steps at the most. */
  readonly mostSteps?: number
}

/** Every kind of token that can come. Where the grant signs in by itself, another can always be had. */
function tokenKindsOf({ context }: ChartSnapshot): readonly TokenKind[] {
  const kinds = ['lasting', 'endless', 'uselessOnArrival'] as const
  return context.settings.signsIn ? kinds : [...kinds, 'notRefreshable']
}

/** Well above what there is. A class that held a number would come to it soon. */
const defaultMostSteps = 250_000

/**
 * Goes everywhere that the chart can go.
 * @throws when that takes more than `mostSteps`
 */
export function exploreChart(exploration: Exploration): ChartGraph {
  const { machine = sessionMachine, refreshTiming, signsIn = false, mostSteps = defaultMostSteps } = exploration
  const start = startOf({ key: 'acme:alice', refreshTiming, signsIn, online: true }, machine)
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

/** Where a chart begins. */
export function startOf(input: SessionInput, machine: typeof sessionMachine = sessionMachine): ChartSnapshot {
  return getInitialSnapshot(machine, input)
}

/** All steps from one state. */
export function stepsFrom(before: ChartSnapshot, exploration: Omit<Exploration, 'refreshTiming'> = {}): Edge[] {
  const { machine = sessionMachine, tokenKinds = tokenKindsOf(before), pageIsHidden } = exploration
  const { leaveOut = () => false } = exploration
  const from = classOf(before)
  const goOn = createStepper(machine)
  return [...possibleEvents(before, tokenKinds), ...(pageIsHidden ? pageEvents(before.context) : [])]
    .filter(({ event }) => !leaveOut(before, event))
    .map(({ event, now }) => {
      const after = goOn(before, { event, now })
      return { from, to: classOf(after), event, now, before, after }
    })
}

/**
 * A function that tells where the chart is after an event. Effects and timers are not run; the clock says `now`.
 * @throws when the chart asks for a time that there is not
 */
export function createStepper(
  machine: typeof sessionMachine = sessionMachine,
): (before: ChartSnapshot, happening: Happening) => ChartSnapshot {
  let time: number | undefined = 0
  const clock = { now: readClock, setTimeout: () => 0, clearTimeout() {} }
  function readClock() {
    if (time === undefined) throw new Error('The chart asks what time it is where it was not to')
    return time
  }
  const input = { key: 'acme:alice', refreshTiming: 'onUse', online: true } as const
  const self = createActor(machine, { clock, input })
  const nothing = () => {}
  const scope = {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    defer: nothing,
    logger: nothing,
    stopChild: nothing,
    emit: nothing,
    actionExecutor: nothing,
  }
  return (before, { event, now }) => {
    time = now
    // The machine hears its own timers too, which its type does not say.
    return machine.transition(before, event as never, scope as never)
  }
}

/** The places that can be reached, each once. */
export function placesOf(graph: ChartGraph): string[] {
  return [...new Set([...graph.states.values()].map(describePlace))]
}
