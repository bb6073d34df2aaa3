import type { Session } from './session/session.ts'
import type { SessionActor } from './session/session-actor.ts'

export type { SessionActor } from './session/session-actor.ts'
export { sessionMachine } from './session/session-chart.ts'
export type { SessionContext, SessionInput } from './session/session-context.ts'
export type { EndFacts, FailureFacts, RequestFacts, SessionEvent, TokenFacts } from './session/session-events.ts'

/**
 * The XState actor of a session, with its types: for `useSelector` of `@xstate/react`, inspectors and tests.
 *
 * The machine by itself has no effects: run it with `createActor(sessionMachine, { input })`, send it the events of
 * `SessionEvent`, and watch it go through its states.
 */
export function getSessionActor(session: Session): SessionActor {
  return session.actor as SessionActor
}
