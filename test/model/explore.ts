/** A system to explore. */
export interface Explorable<State, Step extends ExploredStep<State>> {
  readonly initial: State
  steps(state: State): Step[]
  /** The same text for states that do not differ in anything that matters. */
  canonicalKey(state: State): string
  /** What is wrong with a step or the state it leads to. */
  findViolation(before: State, step: Step): string | undefined
  /** What is wrong with a state in which nothing goes on by itself. */
  findUnrest(state: State): string | undefined
  /** More states than this are a failure: an exploration that was cut short proves nothing. */
  readonly mostStates: number
}

export interface ExploredStep<State> {
  readonly say: string
  readonly state: State
  /** `progress`: it will happen by itself. */
  readonly kind: 'progress' | 'chance'
}

export type Exploration =
  | { readonly kind: 'sound'; readonly states: number; readonly steps: number; readonly depth: number }
  /** `trace`: the shortest way there, a sentence a step. */
  | {
      readonly kind: 'violated'
      readonly violation: string
      readonly trace: readonly string[]
      readonly states: number
    }

/**
 * Visits every state that can be reached, breadth first, so that the first violation found is one of the shortest.
 *
 * Of a state that was visited, 53 bits of a hash are kept: among a million states, the chance that two share one is
 * about one in ten thousand. A cycle is a violation too: somebody would go round for ever.
 *
 * @throws RangeError when there are more states than allowed
 */
export function explore<State, Step extends ExploredStep<State>>(system: Explorable<State, Step>): Exploration {
  const visited = new Map<number, number>([[hash(system.canonicalKey(system.initial)), 0]])
  const parents: number[] = [-1]
  const choices: number[] = [-1]
  const edges: number[] = []
  let layer: { state: State; number: number }[] = [{ state: system.initial, number: 0 }]
  let depth = 0

  function violated(violation: string, number: number, choice: number): Exploration {
    const trace = retrace(system, pathTo(number, parents, choices), choice)
    return { kind: 'violated', violation, trace, states: parents.length }
  }

  for (; layer.length > 0; depth += 1) {
    const next: typeof layer = []
    for (const { state, number } of layer) {
      const steps = system.steps(state)
      if (!steps.some(({ kind }) => kind === 'progress')) {
        const unrest = system.findUnrest(state)
        if (unrest !== undefined) return violated(unrest, number, -1)
      }
      for (const [choice, step] of steps.entries()) {
        const violation = system.findViolation(state, step)
        if (violation !== undefined) return violated(violation, number, choice)
        const key = hash(system.canonicalKey(step.state))
        const known = visited.get(key)
        edges.push(number, known ?? parents.length)
        if (known !== undefined) continue
        if (parents.length >= system.mostStates) throw new RangeError(`There are more than ${system.mostStates} states`)
        next.push({ state: step.state, number: parents.length })
        visited.set(key, parents.length)
        parents.push(number)
        choices.push(choice)
      }
    }
    layer = next
  }
  const onCycle = findCycle(parents.length, edges)
  if (onCycle !== undefined) return violated('from here on, it can go round for ever', onCycle, -1)
  return { kind: 'sound', states: parents.length, steps: edges.length / 2, depth }
}

/** The choices that lead from the initial state to a state. */
function pathTo(number: number, parents: readonly number[], choices: readonly number[]): number[] {
  const path: number[] = []
  for (let at = number; at > 0; at = parents[at] ?? 0) path.unshift(choices[at] ?? -1)
  return path
}

function retrace<State, Step extends ExploredStep<State>>(
  system: Explorable<State, Step>,
  path: readonly number[],
  last: number,
): string[] {
  let state = system.initial
  const sentences: string[] = []
  for (const choice of last < 0 ? path : [...path, last]) {
    const step = system.steps(state)[choice]
    if (step === undefined) throw new Error('The steps of a state are not the same each time')
    sentences.push(step.say)
    state = step.state
  }
  return sentences
}

/** A state on or behind a cycle, if there is one: peels off states that no unpeeled state leads to. */
function findCycle(count: number, edges: readonly number[]): number | undefined {
  const indegree = new Int32Array(count)
  const start = new Int32Array(count + 1)
  for (let at = 0; at < edges.length; at += 2) {
    start[(edges[at] ?? 0) + 1] = (start[(edges[at] ?? 0) + 1] ?? 0) + 1
    indegree[edges[at + 1] ?? 0] = (indegree[edges[at + 1] ?? 0] ?? 0) + 1
  }
  for (let at = 0; at < count; at += 1) start[at + 1] = (start[at + 1] ?? 0) + (start[at] ?? 0)
  const targets = new Int32Array(edges.length / 2)
  const filled = start.slice()
  for (let at = 0; at < edges.length; at += 2) {
    const from = edges[at] ?? 0
    targets[filled[from] ?? 0] = edges[at + 1] ?? 0
    filled[from] = (filled[from] ?? 0) + 1
  }
  const open = [...indegree.keys()].filter((state) => indegree[state] === 0)
  let peeled = 0
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    peeled += 1
    for (const target of targets.subarray(start[state], start[state + 1])) {
      indegree[target] = (indegree[target] ?? 0) - 1
      if (indegree[target] === 0) open.push(target)
    }
  }
  return peeled === count ? undefined : indegree.findIndex((count) => count > 0)
}

/** 53 bits of a hash of a text. */
function hash(text: string): number {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    high = Math.imul(high ^ code, 2654435761)
    low = Math.imul(low ^ code, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return 4294967296 * (2097151 & low) + (high >>> 0)
}
