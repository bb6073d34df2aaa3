import type { InspectionEvent } from 'xstate'
import type { Session } from '../session/session.ts'
import { reportListenerError, type SessionActor } from '../session/session-core.ts'

/** What XState tells of the session's own actor; its effects, which come and go, are left out. */
export type ActorMessage = Extract<InspectionEvent, { type: '@xstate.event' | '@xstate.snapshot' }>

/** Whoever wants to hear of an actor. */
export interface ActorObserver {
  /** The name by which its errors are shown. */
  readonly name: string
  next(message: ActorMessage): void
  /** The session was disposed of: nothing more comes. */
  complete?(): void
}

/**
 * The XState actor of a session.
 * @throws TypeError when the value is no session
 */
export function actorOf(session: Session): SessionActor {
  const actor = (session as Partial<Session> | undefined)?.actor as Partial<SessionActor> | undefined
  if (typeof actor?.system?.inspect !== 'function') {
    throw new TypeError('Expected a session that createSession of authchart made.')
  }
  return actor as SessionActor
}

/**
 * Tells what an actor hears and where it goes from now on. Returns a function that ends that.
 *
 * XState calls inspection observers in the middle of a transition and lets their errors through, which would lose the
 * transition: they are caught here, and the first is shown.
 */
export function observeActor(actor: SessionActor, observer: ActorObserver): () => void {
  let hasThrown = false
  const inspection = actor.system.inspect((message) => {
    if (message.actorRef !== actor || !isActorMessage(message)) return
    try {
      observer.next(message)
    } catch (error) {
      if (!hasThrown) reportListenerError(observer.name, error)
      hasThrown = true
    }
  })
  const end = actor.subscribe({ complete: () => observer.complete?.(), error: () => {} })
  return () => {
    inspection.unsubscribe()
    end.unsubscribe()
  }
}

/** The time that the session goes by, in milliseconds since the epoch. */
export function timeOf(actor: SessionActor): number {
  const { clock } = actor as { clock?: { now?(): number } }
  return clock?.now?.() ?? Date.now()
}

function isActorMessage(message: InspectionEvent): message is ActorMessage {
  return message.type === '@xstate.event' || message.type === '@xstate.snapshot'
}
