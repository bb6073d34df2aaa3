import type { ChartEvent, ChartSnapshot } from './chart-snapshot.ts'
import { describePlace, effectOf } from './chart-snapshot.ts'
import { phaseAt } from './chart-times.ts'
import type { ChartGraph, Edge } from './explore-chart.ts'
import { staleRejections } from './possible-events.ts'
import { classOf } from './state-class.ts'

/** What a check found, a sentence each. */
export type Findings = readonly string[]

/** At most one refresh procedure is listened to, exactly while the chart is refreshing. */
export function findSecondRequests({ edges }: ChartGraph): Findings {
  return findAt(edges, ({ after }) => {
    const invoked = after._nodes.flatMap(({ invoke }) => invoke).filter(({ src }) => src === 'refreshUnderLease').length
    const isRefreshing = after.matches({ signedIn: { refresh: 'refreshing' } })
    return invoked !== Number(isRefreshing) || (effectOf(after, 'refresher') !== undefined) !== isRefreshing
  })
}

/** Answers after which the procedure has nothing more to say. */
const lastAnswers = [
  'tokens.stored',
  'tokens.adopted',
  'refresh.failed',
  'refresh.paused',
  'session.ended',
  'refresh.cancelled',
]

/**
 * No procedure is replaced by another while its token request could be open; but by that of another sign-in, whose tokens
 * are due at once, and which waits for the lease.
 */
export function findReplacedRequests({ edges }: ChartGraph): Findings {
  return findAt(edges, ({ before, after, event }) => {
    const [one, other] = [effectOf(before, 'refresher'), effectOf(after, 'refresher')]
    const isOver = lastAnswers.includes(event.type) || before.context.token.signInId !== after.context.token.signInId
    return one !== undefined && other !== undefined && one !== other && !isOver
  })
}

/** A page that cannot be seen begins a refresh only because a caller asks for one. */
export function findUnaskedRefreshes({ edges }: ChartGraph): Findings {
  return findAt(edges, ({ before, after, event }) => {
    const isBegun = effectOf(after, 'refresher') !== undefined && effectOf(before, 'refresher') === undefined
    return isBegun && !after.context.visible && !['token.requested', 'refresh.requested'].includes(event.type)
  })
}

/** A page that is shown begins the refresh that is due, unless a server asked for patience. */
export function findMissedRefreshes({ edges }: ChartGraph): Findings {
  return findAt(edges, ({ before, after, event }) => {
    const { refreshable } = before.context.token
    const isIdle = before.matches({ signedIn: { refresh: 'idle' } })
    const isDue = before.matches({ signedIn: { token: 'expiring' } }) && refreshable
    const isUseless = ['expired', 'rejected'].some((token) => describePlace(before).startsWith(`${token}/`))
    return event.type === 'page.shown' && isIdle && (isDue || isUseless) && effectOf(after, 'refresher') === undefined
  })
}

/** The rejection of a token that is not held changes nothing but what is known of the last request. */
export function findStaleRejectionsHeard({ edges }: ChartGraph): Findings {
  return findAt(edges, ({ before, after, event }) => isStaleRejection(before, event) && !isSame(before, after))
}

function isStaleRejection({ context }: ChartSnapshot, event: ChartEvent): boolean {
  if (event.type !== 'request.ended' || event.outcome !== 'rejected') return false
  return staleRejections(context.token).some(({ generation }) => generation === event.generation)
}

function isSame(one: ChartSnapshot, other: ChartSnapshot): boolean {
  const effects = ['recordReader', 'refresher', 'signOut'] as const
  const contextOf = ({ context: { lastOutcome, ...rest } }: ChartSnapshot) => JSON.stringify(rest)
  return (
    describePlace(one) === describePlace(other) &&
    contextOf(one) === contextOf(other) &&
    effects.every((id) => effectOf(one, id) === effectOf(other, id))
  )
}

/** The rejection of the token that is held is remembered wherever that token might be served. */
export function findRejectionsMissed({ edges }: ChartGraph): Findings {
  return findAt(edges, ({ before, after, event }) => {
    const mayBeServed = ['fresh', 'expiring'].some((token) => describePlace(before).startsWith(`${token}/`))
    const { token } = before.context
    if (event.type !== 'request.ended' || event.generation !== token.generation || !mayBeServed) return false
    if (event.outcome !== 'rejected' && event.outcome !== 'rejectedAfterRefresh') return false
    return after.context.rejected?.generation !== token.generation
  })
}

/** A token is called usable only while it is held, not expired when last judged, and not rejected. */
export function findUsableWithoutToken({ edges }: ChartGraph): Findings {
  return findAt(edges, ({ after }) => {
    const { token, judgedAt, rejected } = after.context
    const isGood = phaseAt(token, judgedAt) !== 'expired' && rejected?.generation !== token.generation
    return after.hasTag('usable') && !isGood
  })
}

/** From everywhere a sign-out leads to `signingOut`, and from there each answer of the store to `signedOut`. */
export function findSignOutImpossible(graph: ChartGraph): Findings {
  return findStates(graph, (state) => {
    const edges = graph.edgesFrom(state)
    const place = (type: string) => edges.filter(({ event }) => event.type === type).map(({ to }) => to)
    const requested = place('signOut.requested')
    const isSigningOut = (name: string) => name.startsWith('signingOut')
    if (!isSigningOut(state)) return requested.length === 0 || !requested.every(isSigningOut)
    const answers = [...place('signOut.stored'), ...place('signOut.failed')]
    return answers.length === 0 || answers.some((to) => !to.startsWith('signedOut'))
  })
}

/** Where something is waited for, its last answer ends the waiting; and something leads out of every state. */
export function findDeadEnds(graph: ChartGraph): Findings {
  const unanswered = findAt(graph.edges, ({ before, after, event }) => {
    const stays = (id: Parameters<typeof effectOf>[1]) =>
      effectOf(before, id) !== undefined && effectOf(before, id) === effectOf(after, id)
    if (lastAnswers.includes(event.type)) return stays('refresher')
    return before.matches('restoring') && event.type.startsWith('record.') && stays('recordReader')
  })
  const stuck = findStates(graph, (state) => graph.edgesFrom(state).every(({ to }) => to === state))
  return [...unanswered, ...stuck]
}

/** A session that has come to rest has left behind what was wrong, or the snapshot would go on telling it. */
export function findTroubleRemembered({ edges }: ChartGraph): Findings {
  const isResting = (chart: ChartSnapshot) => chart.matches({ signedIn: { refresh: 'idle' } })
  return findAt(edges, ({ before, after }) => {
    const { failure, end, unstored } = after.context
    return !isResting(before) && isResting(after) && (failure !== undefined || end !== undefined || unstored)
  })
}

/** States that tell what is wrong know it. */
export function findTroubleForgotten({ edges }: ChartGraph): Findings {
  return findAt(edges, ({ after }) => {
    const { failure, end } = after.context
    const isFailing =
      after.matches({ signedIn: { refresh: 'transientFailure' } }) || after.matches({ restoring: 'unavailable' })
    const isOver = after.matches({ signedIn: { refresh: 'invalidated' } })
    return (isFailing && failure === undefined) || (isOver && end === undefined)
  })
}

function findAt(edges: readonly Edge[], isWrong: (edge: Edge) => boolean): Findings {
  return edges.filter(isWrong).map(describeEdge)
}

function findStates({ states }: ChartGraph, isWrong: (state: string) => boolean): Findings {
  return [...states.keys()].filter(isWrong)
}

/** A step, as a person reads it. */
export function describeEdge({ from, event, after }: Edge): string {
  const { type, ...facts } = event
  return `${from} --${type} ${JSON.stringify(facts)}--> ${classOf(after)}`
}
