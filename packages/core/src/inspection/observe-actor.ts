import type { InspectionEvent } from 'xstate'
import { reportListenerError } from '../session/listeners.ts'
import type { Session } from '../session/session.ts'
import type { SessionActor } from '../session/session-core.ts'

/** What XState tells of the session's own actor, without its effects, which come and go. */
export type ActorMessage = Extract<InspectionEvent, { type: '@xstate.event' | '@xstate.snapshot' }>

/** Hears of an actor. */
export interface ActorObserver {
  /** The name by which its errors are shown. */
  readonly name: string
  next(message: ActorMessage): void
  /** The session was closed: no more messages. */
  complete?(): void
}

/**
 * The XState actor of a session.
 * @throws TypeError when the value is not a session
 */
export function actorOf(session: Session): SessionActor {
  const actor = (session as Partial<Session> | undefined)?.actor as Partial<SessionActor> | undefined
  if (typeof actor?.system?.inspect !== 'function') {
    throw new TypeError('Expected a session made by createSession.')
  }
  return actor as SessionActor
}

/**
 * Tells the observer what the actor hears and does from now on. Returns a function that ends that.
 *
 * XState calls observers in the middle of a transition and an error of theirs would lose it: errors are caught here, and
 * the first one is shown.
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
