import type { Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { EventSource } from 'eventsource'

/**
 * Server-sent events with the session's token on each connection. A browser's own `EventSource` sends no headers; the
 * package `eventsource` is the same in Node and in pages, and connects by a `fetch` of yours.
 */
export function openEvents(session: Session, url: string): EventSource {
  const authorizedFetch = createFetch(session)
  return new EventSource(url, { fetch: (address, init) => authorizedFetch(address, init) })
}
