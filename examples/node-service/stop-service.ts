import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { ServiceServer } from './server.ts'
import type { Sessions } from './sessions.ts'

/** What to stop, and how long requests, and after them refreshes, may take to end. */
export interface Stopping {
  readonly server: ServiceServer
  readonly sessions: Sessions
  readonly milliseconds: number
}

/**
 * Stops listening, waits for the requests under way, then for the refreshes, whose tokens are stored. The sessions come
 * last, because requests wait for their tokens. What takes too long is aborted.
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
  // Each waits for a refresh under way, at most `disposeTimeoutMilliseconds`.
  await Promise.all(Object.values(sessions).map((session) => session.close()))
}
