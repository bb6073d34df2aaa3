import type { SessionNotice } from '@authchart/core'
import type { CallEndedEvent, DemoEvent, StateEvent } from './demo-events.ts'

/** The progress of the demo, in numbers. */
export interface Tally {
  readonly calls: number
  readonly callsByOutcome: Readonly<Record<CallEndedEvent['outcome'], number>>
  /** Calls that succeeded after the API had rejected their first token. */
  readonly sentAgain: number
  readonly notices: Readonly<Partial<Record<SessionNotice['type'], number>>>
  /** Token requests that the authorization server has answered or dropped. */
  readonly tokenRequests: number
  readonly state: StateEvent | undefined
}

/** Before anything has happened. */
export const emptyTally: Tally = {
  calls: 0,
  callsByOutcome: { succeeded: 0, tokenUnusable: 0, failedOtherwise: 0 },
  sentAgain: 0,
  notices: {},
  tokenRequests: 0,
  state: undefined,
}

/** The numbers after one more event. */
export function addToTally(tally: Tally, event: DemoEvent): Tally {
  switch (event.type) {
    case 'callStarted':
      return { ...tally, calls: tally.calls + 1 }
    case 'callEnded': {
      const { callsByOutcome } = tally
      const isSentAgain = event.outcome === 'succeeded' && event.rejectedOnce
      return {
        ...tally,
        callsByOutcome: { ...callsByOutcome, [event.outcome]: callsByOutcome[event.outcome] + 1 },
        sentAgain: tally.sentAgain + (isSentAgain ? 1 : 0),
      }
    }
    case 'tokenRequest':
      return { ...tally, tokenRequests: tally.tokenRequests + 1 }
    case 'notice': {
      const { type } = event.notice
      return { ...tally, notices: { ...tally.notices, [type]: (tally.notices[type] ?? 0) + 1 } }
    }
    case 'state':
      return { ...tally, state: event }
    default:
      return tally
  }
}

/** Calls that are under way: most of them wait for a token. */
export function openCalls({ calls, callsByOutcome }: Tally): number {
  return calls - callsByOutcome.succeeded - callsByOutcome.tokenUnusable - callsByOutcome.failedOtherwise
}
