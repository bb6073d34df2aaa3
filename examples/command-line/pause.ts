import { setTimeout } from 'node:timers/promises'
import type { Session, SessionNotice } from '@authchart/core'

/** Notices after which it is worth trying again early. */
const news: readonly SessionNotice['type'][] = ['signedIn', 'adopted', 'recovered']

/**
 * Makes a function that waits for some milliseconds, until `stop`, or, if wanted, until the session has good news. Never
 * throws.
 */
export function createPause(session: Session, stop: AbortSignal) {
  let arrived = new AbortController()
  for (const type of news) session.on(type, () => arrived.abort())
  return async (milliseconds: number, { untilNews }: { untilNews: boolean }): Promise<void> => {
    // News that came before the pause counts too, if it was wanted.
    if (!untilNews) arrived = new AbortController()
    const signal = untilNews ? AbortSignal.any([stop, arrived.signal]) : stop
    await setTimeout(milliseconds, undefined, { signal }).catch(() => {})
    if (arrived.signal.aborted) arrived = new AbortController()
  }
}
