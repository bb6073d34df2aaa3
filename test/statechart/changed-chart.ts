import { sessionMachine } from '@authchart/core/machine'
import { createMachine } from 'xstate'

/** A state of the chart's configuration, as far as tests change it. */
export interface StateConfig {
  states?: Record<string, StateConfig>
  on?: Record<string, unknown>
  after?: Record<string, unknown>
  always?: unknown
  entry?: unknown
  tags?: string
  invoke?: unknown
}

/** The chart with a fault in it: a copy of the real one's configuration, changed. */
export function changeChart(change: (root: StateConfig) => void): typeof sessionMachine {
  const config = copy(sessionMachine.config) as StateConfig
  change(config)
  return createMachine(config as never, sessionMachine.implementations as never) as unknown as typeof sessionMachine
}

/** The state at a path below the root, such as `signedIn.token.fresh`. */
export function stateAt(root: StateConfig, path: string): StateConfig {
  return path.split('.').reduce((state, name) => {
    const child = state.states?.[name]
    if (child === undefined) throw new Error(`The chart has no state ${path}`)
    return child
  }, root)
}

/** The transitions of a state for an event, one or several. */
export function transitionsAt(state: StateConfig, type: string): Record<string, unknown>[] {
  const transitions = state.on?.[type]
  if (transitions === undefined) throw new Error(`There is no transition for ${type}`)
  return (Array.isArray(transitions) ? transitions : [transitions]) as Record<string, unknown>[]
}

/** Functions stay the same: they are what the chart does, not how it is drawn. */
function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copy(member)]))
}
