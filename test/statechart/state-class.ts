import type { TokenFacts } from '@authchart/core/machine'
import { type ChartSnapshot, describePlace, isWaitingToRetry, promptOf } from './chart-snapshot.ts'
import { instantsBefore, isUselessOnArrival, phaseWithoutDelay } from './chart-times.ts'

/**
 * The class of a state: two states of one class can do the same, whatever the numbers in them. It holds what the chart
 * decides by: the relations of generations, never generations, and what the clock said, never a time.
 *
 * Left out is what no transition depends on: how the tokens came, how often it failed, the last outcome of a request,
 * which origins reject or pause, and whether the device is online (the last two tell the effects, and them only).
 */
export function classOf(chart: ChartSnapshot): string {
  return [
    describePlace(chart),
    ...signOutFacts(chart),
    ...tokenFacts(chart),
    ...refreshFacts(chart),
    ...pageFacts(chart),
  ].join(' ')
}

/** Where the grant signs in by itself, it makes a difference whether the user has signed out. */
function signOutFacts(chart: ChartSnapshot): string[] {
  const { settings, tombstone } = chart.context
  return chart.matches('signedOut') && settings.signsIn && tombstone ? ['tombstone'] : []
}

/** A session that refreshes on use does so whether or not the page can be seen. */
function pageFacts({ context: { settings, visible } }: ChartSnapshot): string[] {
  return settings.refreshTiming === 'eager' && !visible ? ['hidden'] : []
}

function tokenFacts(chart: ChartSnapshot): string[] {
  const { context } = chart
  const { token, rejected } = context
  if (!chart.matches('signedIn')) return []
  const isRejected = token.held && rejected?.generation === token.generation
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
  const prompt = promptOf(chart)
  return [
    ...troubleFacts(chart),
    ...(unstored ? ['unstored'] : []),
    ...(prompt?.cause === 'rejected' && mayPause(chart) ? ['afterRejection'] : []),
    ...(prompt === undefined || prompt.generation === token.generation ? [] : ['tookNewerMeanwhile']),
  ]
}

/** Whether the refresh under way may still find that the origin pauses which rejected the token. */
function mayPause(chart: ChartSnapshot): boolean {
  return /refreshing\.(waitingForLease|rereading)$/.test(describePlace(chart))
}

/** When to try again matters only where that is waited for. Elsewhere it is enough to know that it was not forgotten. */
function troubleFacts(chart: ChartSnapshot): string[] {
  const { failure, end, token } = chart.context
  const ended = end === undefined ? [] : [`end:${endKind(end.reason)}`]
  if (failure === undefined) return ended
  if (isWaitingToRetry(chart)) return [...ended, describeFailure(failure, token.generation)]
  return end === undefined ? ['remembersFailure'] : ended
}

function describeFailure(failure: { retryAt: number; serverAsked?: boolean }, generation: number): string {
  const who = failure.serverAsked ? 'serverAsked' : 'failed'
  return `${who}:${instantsBefore(failure.retryAt, generation)}`
}

function endKind(reason: string): string {
  if (reason === 'clientRejected' || reason === 'unreachable') return 'mendable'
  if (reason === 'rotationLost' || reason === 'identityMismatch') return 'final'
  return reason === 'recordRemoved' ? reason : 'refused'
}
