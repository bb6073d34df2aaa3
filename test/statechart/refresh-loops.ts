import type { TokenFacts } from '@authchart/core/machine'
import { describeEdge, type Findings } from './chart-checks.ts'
import { type ChartSnapshot, effectOf } from './chart-snapshot.ts'
import { instantsOf, isUselessOnArrival, phaseAt, phaseWithoutDelay } from './chart-times.ts'
import type { ChartGraph, Edge } from './explore-chart.ts'

/**
 * Refreshes that lead to the next refresh without a wait between them.
 *
 * A cycle waits if at least one of its steps is a timer, something that a caller or the device wants, news that another
 * holder has written, or a time that says something else of the token. Left to themselves, then, are the answers of the
 * procedure in the same moment: in a graph of these alone no cycle may begin a refresh.
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

function takesNoTime(edge: Edge): boolean {
  return isAtOnce(edge) && isProcedureAnswer(edge)
}

/** Whether the clock says of the token what it said before, or what it says of one that has just come. */
function isAtOnce({ before, after, now }: Edge): boolean {
  if (now === undefined) return true
  const isNew = before.context.token.generation !== after.context.token.generation
  const { context } = isNew ? after : before
  return (
    phaseAt(context.token, now) === (isNew ? phaseAt(context.token, bornAt(context.token)) : phaseWithoutDelay(context))
  )
}

function bornAt({ generation }: TokenFacts): number {
  return instantsOf(generation).fresh
}

function isProcedureAnswer({ before, event }: Edge): boolean {
  switch (event.type) {
    case 'tokens.adopted':
      // Before it asked for tokens, the procedure adopts none that are of no use: another holder has written them since.
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
      return /^(lease\.|intent\.|tokens\.|refresh\.(failed|paused)|session\.ended)/.test(event.type)
  }
}

/** Classes from which no sequence of steps leads to a token that is fresh, with nothing left to do about it. */
export function findFreshOutOfReach(graph: ChartGraph): Findings {
  const back = backwards(graph.edges)
  const goals = [...graph.states.keys()].filter(isFreshAndIdle)
  const anyhow = reachable(goals, back)
  const byItself = reachable(goals, backwards(graph.edges.filter((edge) => !isHelp(edge))))
  return [...graph.states].flatMap(([name, chart]) => {
    if (!anyhow.has(name)) return [`${name} never becomes fresh again`]
    const isOver = isSignedOut(chart) || chart.matches('signingOut') || isInvalidated(chart)
    return byItself.has(name) || isOver ? [] : [`${name} does not become fresh by a refresh`]
  })
}

/** A sign-in, or what another holder has made of the record since it was first read. */
function isHelp(edge: Edge): boolean {
  return isSignIn(edge) || (isSignedIn(edge.before) && edge.event.type.startsWith('record.'))
}

/** Signed out by the user, or never signed in where a user must. */
function isSignedOut(chart: ChartSnapshot): boolean {
  const { settings, tombstone } = chart.context
  return chart.matches('signedOut') && (tombstone || !settings.signsIn)
}

/** States that a sign-in does not make fresh at once. */
export function findSignInsInVain(graph: ChartGraph): Findings {
  return [...graph.states.keys()].filter((state) => {
    const signIns = graph
      .edgesFrom(state)
      .filter((edge) => edge.event.type === 'signIn.stored' && isSignIn(edge) && isAtOnce(edge))
    return signIns.length === 0 || !signIns.every(({ to }) => isFreshAndIdle(to))
  })
}

/**
 * Ways out of `signedOut` and `invalidated` other than a sign-in: except, from `invalidated`, newer tokens of the same
 * sign-in (the end was overtaken), and a refresh that the app asks for where the refresh token was kept and is not spent,
 * where the end was not about it, or where the grant signs in by itself. Such a grant needs no user to begin, either,
 * unless the user has signed out; and begins anew where the record of an end is gone.
 */
export function findRevivals({ edges }: ChartGraph): Findings {
  return edges.filter((edge) => isSignedIn(edge.after) && isRevival(edge)).map(describeEdge)
}

function isRevival(edge: Edge): boolean {
  const { before, after, event } = edge
  const { token, end, settings } = before.context
  const beginsAgain = settings.signsIn && event.type === 'refresh.requested'
  if (before.matches('signedOut')) {
    const begins = event.type === 'token.requested' && !isSignedOut(before)
    return !isSignIn(edge) && !beginsAgain && !begins
  }
  if (before.matches('signingOut')) return !isSignIn(edge)
  if (!isInvalidated(before) || isInvalidated(after) || isSignIn(edge)) return false
  if (settings.signsIn && event.type === 'record.absent') return false
  if (event.type === 'refresh.requested') return !beginsAgain && !(end !== undefined && isMendable(end.reason, token))
  return !(event.type === 'record.signedIn' && event.token.generation > token.generation)
}

function isMendable(reason: string, { refreshable }: TokenFacts): boolean {
  if (reason === 'clientRejected' || reason === 'unreachable') return true
  return refreshable && reason !== 'rotationLost' && reason !== 'identityMismatch'
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
