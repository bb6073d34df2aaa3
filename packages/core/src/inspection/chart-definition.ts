import { chartDescriptions } from './chart-descriptions.ts'

/** The chart as a viewer draws it: states and what leads out of them, with every guard and action by its name. */
export interface ChartDefinition {
  readonly id?: string
  readonly description?: string
  readonly type?: 'parallel' | 'final'
  readonly initial?: string
  readonly tags?: readonly string[]
  readonly entry?: readonly string[]
  readonly exit?: readonly string[]
  readonly invoke?: readonly { readonly id: string; readonly src: string }[]
  readonly always?: readonly ChartTransition[]
  /** By the name of the delay. */
  readonly after?: Readonly<Record<string, readonly ChartTransition[]>>
  /** By the event. */
  readonly on?: Readonly<Record<string, readonly ChartTransition[]>>
  readonly states?: Readonly<Record<string, ChartDefinition>>
}

/** What an event leads to; without a target, the state stays. */
export interface ChartTransition {
  /** As in the config: `#id`, `.child`, or a sibling. */
  readonly target?: readonly string[]
  readonly guard?: string
  readonly actions?: readonly string[]
}

type Config = Readonly<Record<string, unknown>>

/**
 * What a viewer needs of a machine's config, as JSON; the states of the session's chart with what they mean.
 *
 * It reads the config rather than `machine.definition`, which omits `always`. It leaves parameters out: as functions they
 * say nothing in JSON, and each would make the definition two levels deeper.
 */
export function describeChart(config: object): ChartDefinition {
  return describeState(config as Config, '')
}

function describeState(config: Config, path: string): ChartDefinition {
  const { id, type, initial, tags, entry, exit, invoke, always, after, on, states } = config
  const description = chartDescriptions[path]
  return {
    ...texts({ id, description, type, initial }),
    ...named('tags', list(tags).map(String)),
    ...named('entry', list(entry).map(nameOf)),
    ...named('exit', list(exit).map(nameOf)),
    ...named('invoke', list(invoke).map(describeInvocation)),
    ...named('always', list(always).map(describeTransition)),
    ...members('after', after, (transitions) => list(transitions).map(describeTransition)),
    ...members('on', on, (transitions) => list(transitions).map(describeTransition)),
    ...members('states', states, (state, name) =>
      describeState(state as Config, path === '' ? name : `${path}.${name}`),
    ),
  }
}

function describeTransition(transition: unknown): ChartTransition {
  if (typeof transition === 'string') return { target: [transition] }
  const { target, guard, actions } = transition as Config
  return {
    ...named('target', list(target).map(String)),
    ...texts({ guard: guard && nameOf(guard) }),
    ...named('actions', list(actions).map(nameOf)),
  }
}

function describeInvocation(invocation: unknown): { id: string; src: string } {
  const { id, src } = invocation as Config
  return { id: String(id), src: nameOf(src) }
}

function nameOf(named: unknown): string {
  if (typeof named === 'string') return named
  return String((named as { type?: unknown } | undefined)?.type ?? 'anonymous')
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function texts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** Leaves out what is empty: the definition is sent again and again. */
function named<Name extends string, Item>(name: Name, items: readonly Item[]): { [Key in Name]?: readonly Item[] } {
  return items.length === 0 ? {} : ({ [name]: items } as { [Key in Name]?: readonly Item[] })
}

function members<Name extends string, Value>(
  name: Name,
  value: unknown,
  describe: (member: unknown, name: string) => Value,
): { [Key in Name]?: Record<string, Value> } {
  if (value === undefined) return {}
  const entries = Object.entries(value as object).map(([key, member]) => [key, describe(member, key)] as const)
  return { [name]: Object.fromEntries(entries) } as { [Key in Name]?: Record<string, Value> }
}
