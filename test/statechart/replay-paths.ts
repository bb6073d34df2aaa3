import { type ChartEvent, type ChartSnapshot, describePlace, type Happening } from './chart-snapshot.ts'
import { instantsOf, phaseAt, phaseWithoutDelay } from './chart-times.ts'
import { createStepper, startOf } from './explore-chart.ts'
import { possibleEvents } from './possible-events.ts'
import { classOf } from './state-class.ts'

/** One step of a path, with where the chart is after it. */
export interface PathStep extends Happening {
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
  const goOn = createStepper()
  const start = startOf({ key: 'acme:alice', refreshTiming, online: true })
  const byPlace = new Map<string, Path>()
  const byClass = new Map([[classOf(start), { chart: start, steps: [] as PathStep[] }]])
  for (const { chart, steps } of byClass.values()) {
    const place = describePlace(chart)
    if (!byPlace.has(place)) byPlace.set(place, { place, steps })
    const happenings = possibleEvents(chart, ['lasting', 'uselessOnArrival'])
    for (const happening of happenings.filter((next) => canBeCaused(chart, next))) {
      const after = goOn(chart, happening)
      const name = classOf(after)
      const step = { ...happening, chart: after, place: describePlace(after) }
      if (!byClass.has(name)) byClass.set(name, { chart: after, steps: [...steps, step] })
    }
  }
  return [...byPlace.values()]
}

/**
 * What can be caused for real, at will, one step at a time: not what needs another holder at the right moment, a
 * session that is being disposed of, an origin that pauses, or a clock that is set back. The tests of flows and of
 * concurrency cause those.
 */
function canBeCaused(chart: ChartSnapshot, { event, now }: Happening): boolean {
  const { context } = chart
  const { fresh, due } = instantsOf(context.token.generation)
  const place = describePlace(chart)
  const isEagerToRetry = context.settings.refreshTiming === 'eager' && place.includes('transientFailure')
  const isAtOnce = now === undefined || isInTheSameMoment(event, { now, chart })
  const isLater = now !== undefined && now >= context.judgedAt
  switch (event.type) {
    case 'record.signedIn':
      return (
        isAtOnce &&
        place === 'restoring.reading' &&
        event.token.signInId !== context.token.signInId &&
        isNew(event, context)
      )
    case 'record.ended':
      return (
        isAtOnce &&
        place === 'restoring.reading' &&
        event.end.reason === 'grantRejected' &&
        event.token.held &&
        !event.token.refreshable &&
        isNew(event, context)
      )
    case 'record.absent':
      return place === 'restoring.reading'
    case 'record.unavailable':
      return !event.unreadable
    case 'signIn.stored':
      return isAtOnce && place === 'signedOut' && isNew(event, context)
    case 'signOut.requested':
    case 'signOut.stored':
    case 'lease.acquired':
    case 'intent.written':
    case 'tokens.issued':
      return true
    case 'request.ended':
      return (
        isAtOnce &&
        event.outcome === 'rejected' &&
        event.generation === context.token.generation &&
        /^(fresh|expiring)/.test(place)
      )
    case 'clock.resumed':
      return place.includes('/') && isLater && !isEagerToRetry
    case 'token.requested':
      return isAtOnce && /^(expiring|expired|rejected).idle/.test(place) && !event.evenIfFresh
    case 'refresh.requested':
      return /^(fresh|expiring|expired|rejected).idle/.test(place) && event.now === fresh
    case 'tokens.stored':
      return isAtOnce
    case 'refresh.failed':
      // The first failures are tried again within the second, long before the token is due.
      if (event.code === 'offline') return place.endsWith('rereading')
      return event.code === 'storeUnavailable' && place.endsWith('waitingForLease') && event.retryAt < due
    case 'session.ended':
      return (
        isAtOnce &&
        place.endsWith('requestingTokens') &&
        event.end.reason === 'grantRejected' &&
        event.token.generation === context.token.generation &&
        event.token.held &&
        !event.token.refreshable
      )
    default: {
      // An eager session that has failed tries again very soon, before the token expires.
      const isInTime = isLater && !(isEagerToRetry && now > due)
      return isInTime && /^xstate\.after\.until(RefreshIsDue|Expiry)/.test(event.type) && !place.includes('refreshing')
    }
  }
}

/** No time has passed, as far as it matters: the clock says of the token what it said, or the token has just come. */
function isInTheSameMoment(event: ChartEvent, { now, chart }: { now: number; chart: ChartSnapshot }): boolean {
  const { context } = chart
  if ('token' in event && isNew(event, context)) return now === instantsOf(event.token.generation).fresh
  return phaseAt(context.token, now) === phaseWithoutDelay(context)
}

function isNew(event: { token: { generation: number } }, context: { token: { generation: number } }): boolean {
  return event.token.generation > context.token.generation
}
