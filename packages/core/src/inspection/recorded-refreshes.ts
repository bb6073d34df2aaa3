import type { RecordedState, RecordedTransition } from './record-session.ts'

/** A refresh in a recording. */
export interface RecordedRefresh {
  readonly startedAt: number
  /** Who asked for it and why, in a sentence. */
  readonly asked: string
  /** Whether it got as far as a token request. Many do not: a lease or the store cannot be had, or there are newer tokens. */
  readonly hasSent: boolean
  /** The transition that ended it; absent while it runs. */
  readonly end?: RecordedTransition
}

/** The refreshes in a recording, oldest first. */
export function findRefreshes(transitions: readonly RecordedTransition[]): readonly RecordedRefresh[] {
  const refreshes: RecordedRefresh[] = []
  let start: number | undefined
  for (const [index, { state }] of transitions.entries()) {
    const isUnderWay = isRefreshing(state)
    if (isUnderWay) start ??= index
    else if (start !== undefined) {
      refreshes.push(describeRefresh(transitions, { start, end: index }))
      start = undefined
    }
  }
  if (start !== undefined) refreshes.push(describeRefresh(transitions, { start, end: transitions.length }))
  return refreshes
}

function describeRefresh(
  transitions: readonly RecordedTransition[],
  { start, end }: { start: number; end: number },
): RecordedRefresh {
  const first = transitions[start] as RecordedTransition
  const hasSent = transitions.slice(start, end).some(({ state }) => isInState(state, 'requestingTokens'))
  return {
    startedAt: first.until ?? first.time,
    asked: causeOf(transitions.slice(0, start + 1)),
    hasSent,
    end: transitions[end],
  }
}

export function isRefreshing(state: RecordedState): boolean {
  return isInState(state, 'refreshing')
}

/** Whether a state of this name is among those that a recorded state consists of. */
export function isInState(state: RecordedState, name: string): boolean {
  if (typeof state === 'string') return state === name
  return Object.entries(state).some(([key, inside]) => key === name || isInState(inside, name))
}

/** Why the last of these transitions began a refresh. */
function causeOf(transitions: readonly RecordedTransition[]): string {
  const start = transitions.at(-1) as RecordedTransition
  const rejection = transitions.findLast(
    (transition) => isRejection(transition) && transition.generation === start.generation,
  )
  const rejected = rejection === undefined ? '' : ` ${describeRejection(rejection)}`
  if (isRejection(start)) return describeRejection(start)
  switch (start.event) {
    case 'refresh.requested':
      return `The program asked for new tokens.${rejected}`
    case 'token.requested':
      return rejected === ''
        ? 'A caller needed a token, and the current one could not be used.'
        : `A caller needed a token.${rejected}`
    case 'clock.resumed':
      return 'The device woke up, and the token was due.'
    case 'network.online':
      return 'The device came back online, and the token was due.'
    case 'recording.started':
      return 'A refresh was under way when the recording began.'
    default:
      return start.event.startsWith('xstate.after.untilRetry')
        ? 'The pause after a failure was over.'
        : 'The access token was due for a refresh, or expired.'
  }
}

function isRejection({ outcome }: RecordedTransition): boolean {
  return outcome === 'rejected'
}

function describeRejection({ origin, status }: RecordedTransition): string {
  return `${origin ?? 'A resource server'} rejected the access token${status === undefined ? '' : ` (${status})`}.`
}
