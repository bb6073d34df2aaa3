import { type ChartDefinition, describeChart, type SessionRecording } from '@authchart/core/inspect'
import { sessionMachine } from '@authchart/core/machine'
import type { StatelyInspectionEvent } from '@statelyai/inspect'

/** One step in the life of a session. */
export interface Step {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly event: { readonly type: string }
  /** The chart's state, as XState writes it. */
  readonly value: unknown
  readonly context?: unknown
  /** How often it happened in a row. */
  readonly times?: number
}

/** What is known of one session, or of another inspected actor. */
export interface Trace {
  readonly name: string
  /** Absent until a message describes the actor. */
  readonly definition?: ChartDefinition
  readonly steps: readonly Step[]
}

/** How many steps are kept of a session. */
const mostSteps = 5_000

/** What is known after one more message of an inspector. */
export function receive(
  traces: ReadonlyMap<string, Trace>,
  message: StatelyInspectionEvent,
): ReadonlyMap<string, Trace> {
  if (message.type === '@xstate.event') return traces
  const { sessionId } = message
  const known = traces.get(sessionId) ?? { name: sessionId, steps: [] }
  return new Map(traces).set(sessionId, message.type === '@xstate.actor' ? meet(known, message) : go(known, message))
}

/** A recording as something to step through. */
export function traceOf(recording: SessionRecording): Trace {
  return {
    name: 'recording',
    definition: describeChart(sessionMachine.config),
    steps: recording.transitions.map(({ time, event, state, ...facts }) => ({
      time,
      event: { type: event },
      value: state,
      context: facts,
      times: facts.times,
    })),
  }
}

function meet(known: Trace, message: Extract<StatelyInspectionEvent, { type: '@xstate.actor' }>): Trace {
  const { name, definition, snapshot, createdAt } = message
  const first = {
    time: Number(createdAt),
    event: { type: '(connected)' },
    value: snapshot?.value,
    context: snapshot?.context,
  }
  return {
    name,
    definition: definition === undefined ? undefined : (JSON.parse(definition) as ChartDefinition),
    steps: known.steps.length === 0 ? [first] : known.steps,
  }
}

function go(known: Trace, message: Extract<StatelyInspectionEvent, { type: '@xstate.snapshot' }>): Trace {
  const { event, snapshot, createdAt } = message
  const { value, context } = snapshot as { value?: unknown; context?: unknown }
  const step = { time: Number(createdAt), event: { ...event }, value, context }
  return { ...known, steps: [...known.steps.slice(1 - mostSteps), step] }
}
