import type { InspectionEvent } from 'xstate'
import { ConfigurationError } from '../errors/configuration-error.ts'
import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import type { Session } from '../session/session.ts'
import type { SessionActor } from '../session/session-core.ts'
import { describeChart } from './chart-definition.ts'
import { joinInspector, leaveInspector } from './inspector-lifetime.ts'
import { type ActorMessage, actorOf, observeActor } from './observe-actor.ts'

/** An inspector of `@statelyai/inspect`, in a browser or over a WebSocket; or whatever hears XState's messages as one does. */
export interface SessionInspector {
  readonly inspect: { readonly next?: ((message: InspectionEvent) => void) | undefined }
  start?(): void
  stop?(): void
}

/** How a session is shown. */
export interface InspectSessionOptions {
  /**
   * Stops the inspector together with the last session that it shows: over a WebSocket it would otherwise keep the
   * process alive. Default `true`; turn it off for an inspector that shows other things as well.
   */
  readonly stopInspector?: boolean
}

/**
 * The options of `@statelyai/inspect` that the session's chart needs, to be given to an inspector as it is made: by
 * default it cuts what is nested deeper than ten levels, and the chart goes down to thirteen.
 */
export const sessionInspectorOptions = { serializationDepthLimit: 20 } as const

/**
 * An inspector remembers its last 200 messages for a viewer that opens late or is reloaded: the chart itself has to be
 * among them.
 */
const messagesPerDefinition = 100

/**
 * Shows a session in the Stately inspector, or in any viewer that understands its messages: from now on, whether the
 * session has just been made or has lived for long. Returns a function that ends that.
 *
 * What is shown holds no secret: the chart, its context and its events know a token by its generation. Whatever the
 * inspector throws is caught, and nothing that it does changes what the session does.
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
  rejectUnknownOptions(options, { stopInspector: true })
  const { stopInspector = true } = options
  const send = createSender(actor, inspector)
  joinInspector(inspector)
  const stopObserving = observeActor(actor, {
    name: 'the inspector',
    next: send,
    complete: () => disconnect({ mayStop: stopInspector }),
  })
  let isConnected = true

  function disconnect(ending: { mayStop: boolean }) {
    if (!isConnected) return
    isConnected = false
    stopObserving()
    leaveInspector(inspector, ending)
  }

  return () => disconnect({ mayStop: false })
}

/** Tells of the actor at once and then now and again, since viewers may come later than the session. */
function createSender(actor: SessionActor, inspector: SessionInspector): (message: ActorMessage) => void {
  const rootId = actor.sessionId
  const definition = describeChart(actor.getSnapshot().machine.config)
  let untilDefinition = 0

  function tellOfActor() {
    const snapshot = describeSnapshot(actor.getSnapshot())
    // The inspector looks at this only when there is time: by then the session may be elsewhere.
    const actorRef = { id: actor.id, sessionId: rootId, logic: { config: definition }, getSnapshot: () => snapshot }
    inspector.inspect.next?.({ type: '@xstate.actor', actorRef, rootId } as unknown as InspectionEvent)
    untilDefinition = messagesPerDefinition
  }

  try {
    tellOfActor()
  } catch {
    // It is told again with the next message, and what goes wrong then is shown.
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

/** As plain data: an inspector in a browser would otherwise walk through the whole machine with each message. */
function describeSnapshot(snapshot: unknown): object {
  const { status, value, context, tags } = snapshot as ReturnType<SessionActor['getSnapshot']>
  return { status, value, context, tags: [...tags] }
}

function requireInspector(inspector: SessionInspector): void {
  const next: unknown = (inspector as SessionInspector | undefined)?.inspect?.next
  if (typeof next !== 'function') {
    throw new ConfigurationError(
      'inspector',
      'must be an inspector of `@statelyai/inspect`, such as createWebSocketInspector({ url }) gives.',
    )
  }
}
