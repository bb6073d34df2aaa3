import { isSessionEndedError, type Session, type SessionNotice, type SessionOptions } from '@authchart/core'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import type { AuthorizationServer } from '../authorization-server/index.ts'
import { collectNotices } from './notices.ts'
import { openSignedInSession } from './signed-in-session.ts'
import { createTroubledStore, type TroubledStore } from './troubled-store.ts'

/** A session whose grant was revoked and whose access token has expired; it does not know yet. */
export interface DoomedSession extends AsyncDisposable {
  readonly session: Session
  readonly clock: SimulatedClock
  readonly store: TroubledStore
  readonly notices: readonly SessionNotice[]
}

/** Signs in, revokes every grant at the server, and lets the access token expire; counts begin anew. */
export async function openDoomedSession(
  server: AuthorizationServer,
  options: Partial<SessionOptions> = {},
): Promise<DoomedSession> {
  const clock = createSimulatedClock()
  const store = createTroubledStore()
  const session = await openSignedInSession(server, { runtime: { clock }, store, ...options })
  const notices = collectNotices(session)
  server.revokeGrant()
  await clock.advance((server.lifetimes.accessToken + 1) * 1000)
  server.resetCounts()
  return { clock, store, session, notices, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() }
}

/** Whether an error is the end of a session for a reason. */
export function endedAs(reason: string): (error: unknown) => boolean {
  return (error) => isSessionEndedError(error) && error.reason === reason
}
