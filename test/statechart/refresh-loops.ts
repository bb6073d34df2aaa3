import { describeEdge, type Findings } from './chart-checks.ts'
import { type ChartEvent, type ChartSnapshot, describePlace, effectOf } from './chart-snapshot.ts'
import { isUselessOnArrival, phaseAt, phaseWithoutDelay } from './chart-times.ts'
import type { ChartGraph, Edge } from './explore-chart.ts'

/**
 * Refreshes that lead to the next refresh without a wait between them.
 *
 * A cycle waits if at least one of its steps is a timer, something that a caller or the device wants, news that somebody
 * else has written, or a reading of the clock that is not what it was. Left to themselves, then, are the chart's own
 * readings of the clock in the same moment, and the answers of the procedure: in a graph of these alone no cycle may
 * begin a refresh.
 */
export function findRefreshLoops(graph: ChartGraph): Findings {
  const steps = new Map<string, Edge[]>()
  for (const edge of graph.edges.filter(takesNoTime)) steps.set(edge.from, [...(steps.get(edge.from) ?? []), edge])
  const beginnings = [...steps.values()].flat().filter(beginsRefresh)
  return beginnings.filter(({ from, to }) => reachable([to], steps).has(from)).map(describeEdge)
}

function beginsRefresh({ before, after }: Edge): boolean {
  const refresher = effectOf(after, 'refresher')
  return refresher !== undefined && refresher !== effectOf(before, 'refresher')
}

function takesNoTime({ before, event }: Edge): boolean {
  switch (event.type) {
    case 'clock.read':
      return phaseAt(before.context.token, event.now) === phaseWithoutDelay(before.context)
    case 'tokens.adopted':
      // Before it asked for tokens, the procedure adopts none that are of no use: somebody has written them since.
      return !isUselessOnArrival(event.token)
    case 'refresh.cancelled':
      // The session is being disposed of, and the next refresh answers nothing.
      return false
    case 'record.absent':
    case 'record.signedOut':
    case 'record.ended':
      // What the procedure found in place of something to refresh.
      return effectOf(before, 'refresher') !== undefined
    default:
      return isProcedureAnswer(event)
  }
}

function isProcedureAnswer({ type }: ChartEvent): boolean {
  return /^(lease\.|intent\.|tokens\.|refresh\.(failed|refused))/.test(type)
}

/** Classes from which no sequence of steps leads to a token that is fresh, with nothing left to do about it. */
export function findFreshOutOfReach(graph: ChartGraph): Findings {
  const back = backwards(graph.edges)
  const goals = [...graph.states.keys()].filter(isFreshAndIdle)
  const anyhow = reachable(goals, back)
  const byItself = reachable(goals, backwards(graph.edges.filter((edge) => !isHelp(edge))))
  return [...graph.states].flatMap(([name, chart]) => {
    if (!anyhow.has(name)) return [`${name} never becomes fresh again`]
    const isOver = ['signedOut', 'signingOut'].includes(describePlace(chart)) || isInvalidated(chart)
    return byItself.has(name) || isOver ? [] : [`${name} does not become fresh by a refresh`]
  })
}

/** A sign-in, or what somebody else has made of the record since it was first read. */
function isHelp(edge: Edge): boolean {
  return isSignIn(edge) || (isSignedIn(edge.before) && edge.event.type.startsWith('record.'))
}

/** States that a sign-in does not make fresh at once. */
export function findSignInsInVain(graph: ChartGraph): Findings {
  return [...graph.states.keys()].filter((state) => {
    const signIns = graph.edgesFrom(state).filter((edge) => edge.event.type === 'signIn.stored' && isSignIn(edge))
    const isFreshAfter = ({ to }: Edge) =>
      graph.edgesFrom(to).some(({ event, to: judged }) => event.type === 'clock.read' && isFreshAndIdle(judged))
    return signIns.length === 0 || !signIns.every(isFreshAfter)
  })
}

/**
 * Ways out of `signedOut` and `invalidated` other than a sign-in: except, from `invalidated`, newer tokens of the same
 * sign-in (the end was overtaken), and a refresh that somebody asks for where nothing is wrong with the refresh token, or
 * where nobody has to sign in.
 */
export function findRevivals({ edges }: ChartGraph): Findings {
  return edges.filter((edge) => isSignedIn(edge.after) && isRevival(edge)).map(describeEdge)
}

function isRevival(edge: Edge): boolean {
  const { before, after, event } = edge
  const beginsAgain = before.context.needsSignIn === false && event.type === 'refresh.requested'
  if (before.matches('signedOut') || before.matches('signingOut')) return !isSignIn(edge) && !beginsAgain
  if (!isInvalidated(before) || isInvalidated(after) || isSignIn(edge)) return false
  const { token, end } = before.context
  const isMendable = end?.reason === 'clientRejected' || end?.reason === 'unreachable'
  if (event.type === 'refresh.requested') return !isMendable && !beginsAgain
  return !(event.type === 'record.signedIn' && event.token.generation > token.generation)
}

/** A sign-in that is new to the chart: made here, or found in the record. */
function isSignIn({ before, event }: Edge): boolean {
  const isFound = event.type === 'record.signedIn' && !before.matches('restoring')
  if (event.type !== 'signIn.stored' && !isFound) return false
  const { token } = before.context
  return event.token.generation > token.generation && event.token.signInId !== token.signInId
}

function isInvalidated(chart: ChartSnapshot): boolean {
  return chart.matches({ signedIn: { refresh: 'invalidated' } })
}

function isSignedIn(chart: ChartSnapshot): boolean {
  return chart.matches('signedIn')
}

function isFreshAndIdle(state: string): boolean {
  return state.startsWith('fresh/idle')
}

function backwards(edges: readonly Edge[]): Map<string, { to: string }[]> {
  const back = new Map<string, { to: string }[]>()
  for (const { from, to } of edges) {
    const before = back.get(to)
    if (before === undefined) back.set(to, [{ to: from }])
    else before.push({ to: from })
  }
  return back
}

function reachable(from: readonly string[], steps: ReadonlyMap<string, readonly { to: string }[]>): Set<string> {
  const found = new Set(from)
  for (const state of found) for (const { to } of steps.get(state) ?? []) found.add(to)
  return found
}
