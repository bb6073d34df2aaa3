import { isRefreshUnavailableError, isSessionEndedError, type Session, type SessionSnapshot } from '@authchart/core'
import { createKyHooks } from '@authchart/core/ky'
import ky, { isHTTPError } from 'ky'
import type { CallEndedEvent } from './demo-events.ts'
import type { EventStream } from './event-stream.ts'
import type { World } from './world.ts'

/** A program that calls an API again and again. */
export interface Service {
  /** Makes no more calls, and resolves when the last one has ended. */
  stop(): Promise<void>
}

/** The pace of the calls. They do not wait for each other. */
const heartbeatMilliseconds = 150

/** Starts calling the API through ky. Only one line has to do with tokens: the hooks. */
export function startService(
  { session, api }: Pick<World, 'session' | 'api'>,
  { events, signal }: { events: EventStream; signal: AbortSignal },
): Service {
  const client = ky.create({ hooks: createKyHooks(session), retry: 0, timeout: 30_000, signal })
  const rejected = new Set<number>()
  events.subscribe((event) => {
    if (event.type === 'apiRequest' && event.status === 401) rejected.add(event.call)
  })
  const wasWellSince = watchSession(session)
  const open = new Set<Promise<void>>()
  let calls = 0

  async function callApi(): Promise<void> {
    calls += 1
    const call = calls
    const begunAt = performance.now()
    events.emit({ type: 'callStarted', call })
    const result = await client
      .get(`${api.origin}/invoices?call=${call}`)
      .json()
      .then(
        () => ({ outcome: 'succeeded' as const }),
        (error: unknown) => explainFailure(error, wasWellSince(begunAt)),
      )
    // A call that Ctrl-C aborts says nothing about sessions.
    if (signal.aborted) return
    events.emit({ type: 'callEnded', call, rejectedOnce: rejected.delete(call), ...result })
  }

  function beat(): void {
    const call = callApi().finally(() => open.delete(call))
    open.add(call)
  }

  const heartbeat = setInterval(beat, heartbeatMilliseconds)
  return {
    async stop() {
      clearInterval(heartbeat)
      await Promise.all(open)
    },
  }
}

/** Tells whether the session has had a usable token, and no trouble to get the next one, all the time since then. */
function watchSession(session: Session): (since: number) => boolean {
  let isWell = isWellOff(session.getSnapshot())
  let unwellUntil = 0
  session.subscribe((snapshot) => {
    if (!isWell) unwellUntil = performance.now()
    isWell = isWellOff(snapshot)
  })
  return (since) => isWell && unwellUntil < since
}

function isWellOff({ usable, status }: SessionSnapshot): boolean {
  return usable && status !== 'transientFailure'
}

function explainFailure(error: unknown, wasWell: boolean): Pick<CallEndedEvent, 'outcome' | 'why'> {
  if (isRefreshUnavailableError(error)) return { outcome: 'tokenUnusable', why: error.code }
  if (isSessionEndedError(error)) return { outcome: 'tokenUnusable', why: error.reason }
  // A call whose token was rejected on its way gets the API's own 401, if there is no other token then.
  if (isHTTPError(error) && error.response.status === 401 && !wasWell) {
    return { outcome: 'tokenUnusable', why: '401' }
  }
  return { outcome: 'failedOtherwise', why: String(error) }
}
