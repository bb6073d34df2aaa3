import type { ChartDefinition, ChartTransition } from '@authchart/core/inspect'

/** A state of the chart, with its place in it. */
export interface StatePart {
  /** The names from the root down to it, with dots: `signedIn.token.fresh`. Empty for the chart itself. */
  readonly path: string
  readonly name: string
  readonly definition: ChartDefinition
  readonly children: readonly StatePart[]
}

/** One arrow for all transitions from one state to another. */
export interface TransitionPart {
  readonly source: string
  readonly target: string
  /** It leads from any state in its source to one inside it: drawn from a mark inside. */
  readonly isFromWithin: boolean
  /** The triggers: an event, `after` a delay, or `always`. */
  readonly triggers: readonly string[]
}

/** The states of a chart, from its root down; in the order of their names, since inspectors sort what they send. */
export function findStates(definition: ChartDefinition, path = '', name = definition.id ?? ''): StatePart {
  const children = sorted(definition.states).map(([childName, child]) =>
    findStates(child, path === '' ? childName : `${path}.${childName}`, childName),
  )
  return { path, name, definition, children }
}

/** Every state below and including one. */
export function flatten(state: StatePart): readonly StatePart[] {
  return [state, ...state.children.flatMap(flatten)]
}

/** The arrows of a chart, without transitions that stay in their state. */
export function findTransitions(root: StatePart): readonly TransitionPart[] {
  const states = flatten(root)
  const byId = new Map(
    states.flatMap((state) => (state.definition.id === undefined ? [] : [[state.definition.id, state]])),
  )
  const arrows = new Map<string, { source: string; target: string; triggers: Set<string> }>()
  for (const state of states) {
    for (const { trigger, transition } of triggersOf(state.definition)) {
      for (const target of drawnTargets(resolveTargets(state, transition, { states, byId }), states)) {
        const key = `${state.path} ${target}`
        const arrow = arrows.get(key) ?? { source: state.path, target, triggers: new Set() }
        arrow.triggers.add(trigger)
        arrows.set(key, arrow)
      }
    }
  }
  return [...arrows.values()].map(({ source, target, triggers }) => ({
    source,
    target,
    isFromWithin: source === '' || target.startsWith(`${source}.`),
    triggers: [...triggers],
  }))
}

/** The active states and those around them, for a state as XState writes it. */
export function activePaths(value: unknown, path = ''): readonly string[] {
  if (typeof value === 'string') return [join(path, value)]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => [join(path, name), ...activePaths(inner, join(path, name))])
}

function triggersOf(definition: ChartDefinition): { trigger: string; transition: ChartTransition }[] {
  const { on, after, always = [] } = definition
  return [
    ...always.map((transition) => ({ trigger: `always ${transition.guard ?? ''}`.trim(), transition })),
    ...sorted(on).flatMap(([trigger, all]) => all.map((transition) => ({ trigger, transition }))),
    ...sorted(after).flatMap(([delay, all]) => all.map((transition) => ({ trigger: `after ${delay}`, transition }))),
  ]
}

function resolveTargets(
  source: StatePart,
  { target = [] }: ChartTransition,
  { states, byId }: { states: readonly StatePart[]; byId: ReadonlyMap<string, StatePart> },
): readonly string[] {
  const parent = source.path.split('.').slice(0, -1).join('.')
  return target.map((text) => {
    const [first = '', ...rest] = text.split('.')
    const base = text.startsWith('#')
      ? byId.get(first.slice(1))?.path
      : text.startsWith('.')
        ? source.path
        : join(parent, first)
    const path = [base, ...rest].filter((part) => part !== '').join('.')
    if (!states.some((state) => state.path === path))
      throw new Error(`The chart has no state ${text} seen from ${source.path}`)
    return path
  })
}

/** The targets that are not the initial states of their regions. */
function drawnTargets(targets: readonly string[], states: readonly StatePart[]): readonly string[] {
  if (targets.length < 2) return targets
  return targets.filter((target) => {
    const parent = states.find((state) => state.children.some((child) => child.path === target))
    return parent === undefined || join(parent.path, parent.definition.initial ?? '') !== target
  })
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function sorted<Member>(members: Readonly<Record<string, Member>> = {}): [string, Member][] {
  return Object.entries(members).sort(([one], [other]) => (one < other ? -1 : 1))
}
