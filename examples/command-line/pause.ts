import { setTimeout } from 'node:timers/promises'
import type { Session, SessionNotice } from '@authchart/core'

/** What makes it worth trying again before the time. */
const news: readonly SessionNotice['type'][] = ['signedIn', 'adopted', 'recovered']

/**
 * Makes a function that waits: for so many milliseconds, until `stop`, or, where that is wanted, until the session has
 * good news. Never throws.
 */
export function createPause(session: Session, stop: AbortSignal) {
  let arrived = new AbortController()
  for (const type of news) session.on(type, () => arrived.abort())
  return async (milliseconds: number, { untilNews }: { untilNews: boolean }): Promise<void> => {
    // News that came before the pause began are news all the same, unless nobody cares.
    if (!untilNews) arrived = new AbortController()
    const signal = untilNews ? AbortSignal.any([stop, arrived.signal]) : stop
    await setTimeout(milliseconds, undefined, { signal }).catch(() => {})
    if (arrived.signal.aborted) arrived = new AbortController()
  }
}
