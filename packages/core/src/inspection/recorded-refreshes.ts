import type { RecordedState, RecordedTransition } from './session-recording.ts'

/** A refresh in a recording. */
export interface RecordedRefresh {
  readonly startedAt: number
  /** Who wanted it and why, in a sentence. */
  readonly asked: string
  /** The transition that ended it; absent while it runs. */
  readonly end?: RecordedTransition
}

/** The refreshes in a recording, oldest first. */
export function findRefreshes(transitions: readonly RecordedTransition[]): readonly RecordedRefresh[] {
  const refreshes: RecordedRefresh[] = []
  let start: number | undefined
  for (const [index, transition] of transitions.entries()) {
    const isUnderWay = isRefreshing(transition.state)
    if (isUnderWay && start === undefined) start = index
    if (isUnderWay || start === undefined) continue
    refreshes.push({ ...describeStart(transitions, start), end: transition })
    start = undefined
  }
  if (start !== undefined) refreshes.push(describeStart(transitions, start))
  return refreshes
}

export function isRefreshing(state: RecordedState): boolean {
  if (typeof state === 'string' || typeof state.signedIn !== 'object') return false
  const { refresh } = state.signedIn
  return typeof refresh === 'object' && 'refreshing' in refresh
}

export function isRestoring(state: RecordedState): boolean {
  return typeof state === 'object' && 'restoring' in state
}

function describeStart(transitions: readonly RecordedTransition[], index: number): RecordedRefresh {
  const start = transitions[index] as RecordedTransition
  return { startedAt: start.until ?? start.time, asked: causeOf(transitions.slice(0, index + 1)) }
}

/** Why the last of these transitions began a refresh. */
function causeOf(transitions: readonly RecordedTransition[]): string {
  const start = transitions.at(-1) as RecordedTransition
  const rejection = transitions.findLast(
    ({ event, generation }) => event === 'token.rejected' && generation === start.generation,
  )
  const refused = rejection === undefined ? '' : ` ${describeRejection(rejection)}`
  switch (start.event) {
    case 'refresh.requested':
      return `The program asked for new tokens.${refused}`
    case 'token.requested':
      return refused === ''
        ? 'A caller needed a token, and the one there was would not do.'
        : `A caller needed a token.${refused}`
    case 'token.rejected':
      return describeRejection(start)
    case 'clock.resumed':
      return 'The device woke up, and the token had to be looked after.'
    case 'network.online':
      return 'The device came back online, and the token had to be looked after.'
    case 'recording.started':
      return 'A refresh was under way when the recording began.'
    default:
      return start.event.startsWith('xstate.after.untilRetry')
        ? 'The pause after a failure was over.'
        : 'The access token was due for a refresh, or past its time.'
  }
}

function describeRejection({ origin, status }: RecordedTransition): string {
  return `${origin ?? 'A resource server'} rejected the access token${status === undefined ? '' : ` (${status})`}.`
}
