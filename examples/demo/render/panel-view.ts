import type { CallEndedEvent, TimedEvent } from '../demo-events.ts'
import { addToTally, emptyTally, type Tally } from '../tally.ts'

/** What the panel shows, gathered from events. */
export interface PanelView {
  readonly tally: Tally
  /** The latest calls, in the order in which they began. */
  readonly calls: readonly CallMark[]
  readonly serverIsReachable: boolean
  readonly replays: number
  /** When new tokens last came, in milliseconds since the epoch. */
  readonly refreshedAt: number
}

/** The state of a call. */
export interface CallMark {
  readonly call: number
  readonly fate: 'open' | 'sentAgain' | CallEndedEvent['outcome']
}

/** A panel before anything has happened. */
export const emptyView: PanelView = {
  tally: emptyTally,
  calls: [],
  serverIsReachable: true,
  replays: 0,
  refreshedAt: 0,
}

const marksKept = 200

/** The view after one more event; `now` in milliseconds since the epoch. */
export function addToView(view: PanelView, event: TimedEvent, now: number): PanelView {
  const next = { ...view, tally: addToTally(view.tally, event) }
  switch (event.type) {
    case 'callStarted':
      return { ...next, calls: [...view.calls.slice(1 - marksKept), { call: event.call, fate: 'open' }] }
    case 'callEnded': {
      const { call } = event
      const fate = event.outcome === 'succeeded' && event.rejectedOnce ? 'sentAgain' : event.outcome
      return { ...next, calls: view.calls.map((mark) => (mark.call === call ? { call, fate } : mark)) }
    }
    case 'authorizationServer':
      return { ...next, serverIsReachable: event.reachable }
    case 'tokenRequest':
      return { ...next, replays: view.replays + (event.presentation === 'replay' ? 1 : 0) }
    case 'notice':
      return event.notice.type === 'refreshed' ? { ...next, refreshedAt: now } : next
    default:
      return next
  }
}
