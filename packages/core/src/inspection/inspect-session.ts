import type { InspectionEvent } from 'xstate'
import { checkOptions, flag } from '../errors/check-options.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import type { Session } from '../session/session.ts'
import type { SessionActor } from '../session/session-core.ts'
import { describeChart } from './chart-definition.ts'
import { type ActorMessage, actorOf, observeActor } from './observe-actor.ts'

/** An inspector of `@statelyai/inspect`, in a browser or over a WebSocket, or anything that takes XState's messages as it does. */
export interface SessionInspector {
  readonly inspect: { readonly next?: ((message: InspectionEvent) => void) | undefined }
  start?(): void
  stop?(): void
}

/** How a session is shown. */
export interface InspectSessionOptions {
  /**
   * Stops the inspector with the last session that it shows, since its WebSocket keeps a process alive. Default `true`;
   * `false` for an inspector that shows other things too.
   */
  readonly stopInspector?: boolean
}

/**
 * The options of `@statelyai/inspect` that the session's chart needs: by default an inspector cuts what is nested deeper
 * than ten levels, and the chart has thirteen.
 */
export const sessionInspectorOptions = { serializationDepthLimit: 20 } as const

/** An inspector keeps its last 200 messages for a viewer that opens late or is reloaded: the chart must be among them. */
const messagesPerDefinition = 100

/** How many sessions each inspector shows; 0 once it was stopped with the last one. */
const sessionsShown = new WeakMap<SessionInspector, number>()

/**
 * Shows a session in the Stately inspector, or in any viewer that understands its messages, from now on; the session may
 * be new or have lived for long. Returns a function that ends that.
 *
 * No secret is shown: the chart, its context and its events know a token by its generation. Errors of the inspector are
 * caught, and it cannot change what the session does.
 *
 * @throws TypeError when there is no session, ConfigurationError when there is no inspector or an unknown option
 * @example
 * import { createWebSocketInspector } from '@statelyai/inspect'
 *
 * inspectSession(session, createWebSocketInspector({ ...sessionInspectorOptions, url: 'ws://127.0.0.1:8080' }))
 */
export function inspectSession(
  session: Session,
  inspector: SessionInspector,
  options: InspectSessionOptions = {},
): () => void {
  const actor = actorOf(session)
  requireInspector(inspector)
  checkOptions(options, { stopInspector: flag })
  const { stopInspector = true } = options
  const send = createSender(actor, inspector)
  const count = sessionsShown.get(inspector)
  if (count === 0) inspector.start?.()
  sessionsShown.set(inspector, (count ?? 0) + 1)
  const stopObserving = observeActor(actor, {
    name: 'the inspector',
    next: send,
    complete: () => disconnect({ mayStop: stopInspector }),
  })
  let isConnected = true

  function disconnect({ mayStop }: { mayStop: boolean }) {
    if (!isConnected) return
    isConnected = false
    stopObserving()
    const others = (sessionsShown.get(inspector) ?? 1) - 1
    sessionsShown.set(inspector, others)
    if (others > 0) return
    if (mayStop) inspector.stop?.()
    else sessionsShown.delete(inspector)
  }

  return () => disconnect({ mayStop: false })
}

/** Tells of the actor now and again with every hundredth message, since viewers may open later than the session. */
function createSender(actor: SessionActor, inspector: SessionInspector): (message: ActorMessage) => void {
  const rootId = actor.sessionId
  const definition = describeChart(actor.getSnapshot().machine.config)
  let untilDefinition = 0

  function tellOfActor() {
    const snapshot = describeSnapshot(actor.getSnapshot())
    // The inspector reads this when it is idle: by then the session may be elsewhere.
    const actorRef = { id: actor.id, sessionId: rootId, logic: { config: definition }, getSnapshot: () => snapshot }
    inspector.inspect.next?.({ type: '@xstate.actor', actorRef, rootId } as unknown as InspectionEvent)
    untilDefinition = messagesPerDefinition
  }

  try {
    tellOfActor()
  } catch {
    // It is told again with the next message; an error is shown then.
  }
  return (message) => {
    if (untilDefinition <= 0) tellOfActor()
    untilDefinition -= 1
    const { type, event } = message
    const actorRef = { id: actor.id, sessionId: rootId }
    const snapshot = message.type === '@xstate.snapshot' ? { snapshot: describeSnapshot(message.snapshot) } : {}
    inspector.inspect.next?.({ type, event, actorRef, rootId, ...snapshot } as unknown as InspectionEvent)
  }
}

/** As plain data, or an inspector in a browser walks through the whole machine with each message. */
function describeSnapshot(snapshot: unknown): object {
  const { status, value, context, tags } = snapshot as ReturnType<SessionActor['getSnapshot']>
  return { status, value, context, tags: [...tags] }
}

function requireInspector(inspector: SessionInspector): void {
  const next: unknown = (inspector as SessionInspector | undefined)?.inspect?.next
  if (typeof next !== 'function') {
    throw new ConfigurationError(
      'inspector',
      'must be an inspector of `@statelyai/inspect`, as createWebSocketInspector({ url }) returns.',
    )
  }
}
