import { type ActorRefFrom, createActor } from 'xstate'
import { SessionDisposedError } from '../errors/session-disposed-error.ts'
import { watchRecord } from '../refresh/watch-record.ts'
import { needsSignIn } from '../token/grant.ts'
import { createNoticeBoard, type NoticeBoard } from './notice-board.ts'
import { createSessionEffects } from './provide-effects.ts'
import { sessionMachine } from './session-chart.ts'
import { provideEffects } from './session-effects.ts'
import type { ResolvedOptions } from './session-options.ts'
import { createSessionParts, type SessionParts } from './session-parts.ts'
import { describeSession, type SessionSnapshot } from './session-snapshot.ts'
import { reportListenerError, tellListener } from './tell-listener.ts'
import { createWaitingRequests, type WaitingRequests } from './waiting-requests.ts'

/** The actor that runs the session chart. */
export type SessionActor = ActorRefFrom<typeof sessionMachine>

/** A chart that runs, with its effects, its listeners and those who wait for it. */
export interface RunningSession {
  readonly actor: SessionActor
  readonly parts: SessionParts
  readonly waiting: WaitingRequests
  readonly notices: NoticeBoard
  readonly ready: Promise<SessionSnapshot>
  getSnapshot(): SessionSnapshot
  subscribe(listener: (snapshot: SessionSnapshot) => void): () => void
  isStopped(): boolean
  /** Hears no more of the store and the device. */
  disconnect(): void
  stop(): void
}

/** Starts the chart of a session. */
export function createSessionActor(options: ResolvedOptions): RunningSession {
  const { clock, key, environment } = options
  let stopped = false
  const parts = createSessionParts(options, (event) => {
    if (!stopped) actor.send(event)
  })
  const actor = createActor(sessionMachine, {
    id: key,
    input: describeInput(options),
    clock,
  })
  provideEffects(
    actor.system,
    createSessionEffects(parts, () => actor.getSnapshot().context.failures),
  )
  const waiting = createWaitingRequests(clock)
  let listeners: readonly ((snapshot: SessionSnapshot) => void)[] = []
  const { promise: ready, resolve, reject } = Promise.withResolvers<SessionSnapshot>()
  // Whoever does not await `ready` learns of the same trouble from the call that needs the store.
  ready.catch(() => {})
  const notices = createNoticeBoard()
  let snapshot = describeSession(actor.getSnapshot(), undefined)

  // The chart emits while it is still on its way: listeners hear of it when they can see where it has arrived.
  actor.on('*', notices.add)
  actor.subscribe({
    next(chart) {
      const next = describeSession(chart, snapshot)
      const hasChanged = next !== snapshot
      snapshot = next
      notices.deliver()
      if (!hasChanged) return
      if (next.status !== 'restoring') resolve(next)
      else if (parts.restoreError !== undefined) reject(parts.restoreError)
      waiting.release()
      for (const listener of listeners) tellListener('`subscribe`', () => listener(snapshot))
    },
    error: (error) => reportListenerError('the session chart', error),
  })
  const disconnect = connect(parts, environment)
  actor.start()

  return {
    actor,
    parts,
    waiting,
    notices,
    ready,
    getSnapshot: () => snapshot,
    subscribe(listener) {
      // One entry per call, so that subscribing the same function twice takes two calls to undo.
      const entry = (current: SessionSnapshot) => listener(current)
      listeners = [...listeners, entry]
      return () => {
        listeners = listeners.filter((other) => other !== entry)
      }
    },
    isStopped: () => stopped,
    disconnect,
    stop() {
      stopped = true
      parts.stopped.abort()
      actor.stop()
      parts.vault.clear()
      listeners = []
      reject(new SessionDisposedError())
      waiting.release()
    },
  }
}

function describeInput({ key, refreshTiming, environment, signInHint, grant }: ResolvedOptions) {
  const { clientId, dynamicallyRegistered } = grant.identity ?? {}
  return {
    key,
    refreshTiming,
    online: environment.isOnline(),
    ...(needsSignIn(grant) ? {} : { needsSignIn: false }),
    visible: environment.isVisible?.() ?? true,
    ...(signInHint === undefined ? {} : { signInHint }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(dynamicallyRegistered === undefined ? {} : { dynamicallyRegistered }),
  }
}

/** Listens to the store and the device. */
function connect(parts: SessionParts, environment: ResolvedOptions['environment']): () => void {
  const { store, key, clock } = parts.options
  const unwatch = watchRecord(store, { key, onHint: () => parts.send({ type: 'store.changed' }) })
  const unsubscribe = environment.subscribe((change) => {
    const now = clock.now()
    if (change === 'online') parts.send({ type: 'network.online', now })
    if (change === 'offline') parts.send({ type: 'network.offline' })
    if (change === 'hidden') parts.send({ type: 'page.hidden' })
    if (change === 'shown') parts.send({ type: 'page.shown', now })
    // Much may have happened that a page in the background, or a sleeping device, did not hear of.
    if (change === 'shown' || change === 'resumed') parts.send({ type: 'clock.resumed', now })
  })
  return () => {
    unwatch()
    unsubscribe()
  }
}
