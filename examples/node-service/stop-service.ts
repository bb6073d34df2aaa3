import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { ServiceServer } from './server.ts'
import type { Sessions } from './sessions.ts'

/** What is stopped, and how long requests, and after them refreshes, may take to end. */
export interface Stopping {
  readonly server: ServiceServer
  readonly sessions: Sessions
  readonly milliseconds: number
}

/**
 * Stops listening, lets the requests under way end, then the refreshes, whose tokens are stored: the sessions come last,
 * because requests wait for their tokens. What takes too long is given up.
 */
export async function stopService({ server: { server, beginStopping, abort }, sessions, milliseconds }: Stopping) {
  beginStopping()
  if (server.listening) {
    const closed = once(server, 'close')
    server.close()
    const late = new AbortController()
    await Promise.race([closed, setTimeout(milliseconds, undefined, { signal: late.signal }).catch(() => {})])
    late.abort()
    abort()
    server.closeAllConnections()
  }
  // Each waits for a refresh under way, for as long as `disposeTimeoutMilliseconds` says.
  await Promise.all(Object.values(sessions).map((session) => session[Symbol.asyncDispose]()))
}
