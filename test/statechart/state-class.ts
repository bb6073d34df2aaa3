import type { TokenFacts } from '@authchart/core/machine'
import { type ChartSnapshot, describePlace, isWaitingToRetry, promptedGeneration } from './chart-snapshot.ts'
import { instantsBefore, isUselessOnArrival, phaseWithoutDelay } from './chart-times.ts'

/**
 * The class of a state: two states of one class can do the same, whatever the numbers in them. It holds what the chart
 * decides by: the relations of generations, never generations, and what the clock said, never a time.
 *
 * Left out is what no transition depends on: what was said (it silences notices), how often it failed, the last
 * outcome of a request, whether the device is online and why a refresh was begun (both tell the effects, and them only).
 */
export function classOf(chart: ChartSnapshot): string {
  return [describePlace(chart), ...tokenFacts(chart), ...refreshFacts(chart), ...pageFacts(chart)].join(' ')
}

/** Who refreshes on use does so whether or not anybody sees the page. */
function pageFacts({ context: { refreshTiming, visible } }: ChartSnapshot): string[] {
  return refreshTiming === 'eager' && !visible ? ['hidden'] : []
}

function tokenFacts(chart: ChartSnapshot): string[] {
  const { context } = chart
  const { token, rejectedGeneration } = context
  if (!chart.matches('signedIn')) return []
  const isRejected = token.held && rejectedGeneration === token.generation
  return [describeToken(token), `was:${phaseWithoutDelay(context)}`, ...(isRejected ? ['isRejected'] : [])]
}

function describeToken(token: TokenFacts): string {
  if (!token.held) return token.refreshable ? 'noneYet' : 'notHeld'
  const lifetime = isUselessOnArrival(token) ? 'useless' : token.expiresAt === undefined ? 'endless' : 'lasting'
  return token.refreshable ? lifetime : `${lifetime},notRefreshable`
}

function refreshFacts(chart: ChartSnapshot): string[] {
  const { unstored, token } = chart.context
  if (chart.matches('signingOut')) return []
  const prompted = promptedGeneration(chart)
  return [
    ...troubleFacts(chart),
    ...(unstored ? ['unstored'] : []),
    ...(prompted === undefined || prompted === token.generation ? [] : ['tookNewerMeanwhile']),
  ]
}

/** When to try again matters only where that is waited for. Elsewhere it is enough to know that it was not forgotten. */
function troubleFacts(chart: ChartSnapshot): string[] {
  const { failure, end, token } = chart.context
  const ended = end === undefined ? [] : [`end:${endKind(end.reason)}`]
  if (failure === undefined) return ended
  if (isWaitingToRetry(chart)) return [...ended, describeFailure(failure, token.generation)]
  return end === undefined ? ['remembersFailure'] : ended
}

function describeFailure(failure: { retryAt: number; serverAsked: boolean }, generation: number): string {
  const who = failure.serverAsked ? 'serverAsked' : 'failed'
  return `${who}:${instantsBefore(failure.retryAt, generation)}`
}

function endKind(reason: string): string {
  if (reason === 'clientRejected' || reason === 'unreachable') return 'mendable'
  return reason === 'recordRemoved' ? reason : 'final'
}
