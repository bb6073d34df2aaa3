import { type SessionInput, sessionMachine } from '@authchart/core/machine'
import type { ActorLogic } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import { type ChartEvent, type ChartSnapshot, describePlace } from './chart-snapshot.ts'
import { instantsOf } from './chart-times.ts'
import { possibleEvents } from './possible-events.ts'
import { classOf } from './state-class.ts'

/** One step of a path, with where the chart is after it. */
export interface PathStep {
  readonly event: ChartEvent
  readonly chart: ChartSnapshot
  readonly place: string
}

/** The shortest way to a place. */
export interface Path {
  readonly place: string
  readonly steps: readonly PathStep[]
}

/** The shortest path to each place that the chart can be in, of steps that a test can cause in a live session. */
export function shortestPaths(refreshTiming: 'eager' | 'onUse'): Path[] {
  const logic = sessionMachine as unknown as ActorLogic<ChartSnapshot, ChartEvent, SessionInput>
  const paths = getShortestPaths(logic, {
    input: { key: 'acme:alice', refreshTiming, online: true },
    events: (chart) => possibleEvents(chart, ['lasting', 'uselessOnArrival']),
    filterEvents: (chart, event) => canBeCaused(chart, event),
    serializeState: (chart) => `${classOf(chart)}${isJudged(chart) ? '' : ' unjudged'}`,
    limit: 50_000,
  })
  const byPlace = new Map<string, Path>()
  for (const path of paths) {
    const place = describePlace(path.state)
    const shortest = byPlace.get(place)
    if (shortest === undefined || path.steps.length < shortest.steps.length + 1) {
      byPlace.set(place, { place, steps: path.steps.slice(1).map(toStep) })
    }
  }
  return [...byPlace.values()]
}

function toStep({ event, state }: { event: ChartEvent; state: ChartSnapshot }): PathStep {
  return { event, chart: state, place: describePlace(state) }
}

/** Whether the token has been judged since it came. */
function isJudged({ context }: ChartSnapshot): boolean {
  return context.judgedAt >= context.token.receivedAt
}

/**
 * What can be caused for real, at will, one step at a time: not what needs another holder at the right moment, a
 * session that is being disposed of, or a clock that is set back. The tests of flows and of concurrency cause those.
 */
function canBeCaused(chart: ChartSnapshot, event: ChartEvent): boolean {
  const { context } = chart
  const { fresh, due } = instantsOf(context.token.generation)
  const place = describePlace(chart)
  const isEagerToRetry = context.refreshTiming === 'eager' && place.includes('transientFailure')
  // The clock answers at once: there is no time for anything else.
  if (place.startsWith('judging') && event.type !== 'clock.read') return false
  switch (event.type) {
    case 'record.signedIn':
      return place === 'restoring.reading' && event.token.signInId !== context.token.signInId && isNew(event, context)
    case 'record.ended':
      return place === 'restoring.reading' && event.token.held && !event.token.refreshable && isNew(event, context)
    case 'record.absent':
      return place === 'restoring.reading'
    case 'record.unavailable':
      return !event.unreadable
    case 'signIn.stored':
      return place === 'signedOut' && isNew(event, context)
    case 'signOut.requested':
    case 'signOut.stored':
    case 'lease.acquired':
    case 'intent.written':
    case 'tokens.issued':
      return true
    case 'token.rejected':
      return event.generation === context.token.generation && /^(fresh|expiring)/.test(place)
    case 'clock.read': {
      // Time passes only where the token has been judged; and an eager session that has failed tries again very soon.
      const isLater = event.now >= context.judgedAt && !(isEagerToRetry && event.now > due)
      return isJudged(chart) ? isLater : event.now === fresh
    }
    case 'clock.resumed':
      return place.includes('/') && event.now === fresh && !isEagerToRetry
    case 'token.requested':
      return /^(expiring|expired|rejected).idle/.test(place) && !event.evenIfFresh
    case 'refresh.requested':
      return /^(fresh|expiring|expired|rejected).idle/.test(place) && event.now === fresh
    case 'tokens.stored':
      return true
    case 'refresh.failed':
      // The first failures are tried again within the second, long before the token is due.
      if (event.code === 'offline') return place.endsWith('rereading')
      return event.code === 'storeUnavailable' && place.endsWith('waitingForLease') && event.retryAt < due
    case 'refresh.refused':
      return (
        place.endsWith('requestingTokens') &&
        event.token.generation === context.token.generation &&
        event.token.held &&
        !event.token.refreshable
      )
    default:
      return /^xstate\.after\.until(RefreshIsDue|Expiry)/.test(event.type) && !place.includes('refreshing')
  }
}

function isNew(event: { token: { generation: number } }, context: { token: { generation: number } }): boolean {
  return event.token.generation > context.token.generation
}
