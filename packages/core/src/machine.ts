import type { Session } from './session/session.ts'
import { sessionMachineOf } from './session/session-chart.ts'
import type { SessionActor } from './session/session-core.ts'

export type { RefreshPrompt } from './policy/choose-record.ts'
export type { SessionContext, SessionInput } from './session/session-context.ts'
export type { SessionActor } from './session/session-core.ts'
export type { EndFacts, FailureFacts, RequestEnded, SessionEvent, TokenFacts } from './session/session-events.ts'

/**
 * The machine that every session runs. By itself it has no effects: run it with
 * `createActor(sessionMachine, { input })`, send it the events of `SessionEvent`, and watch it go through its states.
 */
export const sessionMachine = sessionMachineOf()

/** The XState actor of a session, with its types: for `useSelector` of `@xstate/react`, inspectors and tests. */
export function getSessionActor(session: Session): SessionActor {
  return session.actor as SessionActor
}
