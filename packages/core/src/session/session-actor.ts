import { type ActorRefFrom, createActor } from 'xstate'
import { createSessionEffects } from './provide-effects.ts'
import { reportListenerError } from './report-problem.ts'
import { sessionMachine } from './session-chart.ts'
import { provideEffects } from './session-effects.ts'
import type { ResolvedOptions } from './session-options.ts'
import { createSessionParts, type SessionParts } from './session-parts.ts'
import { describeSession, type SessionSnapshot } from './session-snapshot.ts'
import { createWaitingRequests, type WaitingRequests } from './waiting-requests.ts'

/** The actor that runs the session chart. */
export type SessionActor = ActorRefFrom<typeof sessionMachine>

/** A chart that runs, with its effects, its listeners and those who wait for it. */
export interface RunningSession {
  readonly actor: SessionActor
  readonly parts: SessionParts
  readonly waiting: WaitingRequests
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
    clock: {
      setTimeout: (callback, delay) => clock.setTimeout(callback, delay),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    },
  })
  provideEffects(
    actor.system,
    createSessionEffects(parts, () => actor.getSnapshot().context.failures),
  )
  const waiting = createWaitingRequests(clock)
  const listeners = new Set<(snapshot: SessionSnapshot) => void>()
  const { promise: ready, resolve, reject } = Promise.withResolvers<SessionSnapshot>()
  // Whoever does not await `ready` learns of the same trouble from the call that needs the store.
  ready.catch(() => {})
  let snapshot = describeSession(actor.getSnapshot(), undefined)

  actor.subscribe({
    next(chart) {
      const next = describeSession(chart, snapshot)
      if (next === snapshot) return
      snapshot = next
      if (next.status !== 'restoring') resolve(next)
      else if (parts.restoreError !== undefined) reject(parts.restoreError)
      waiting.release()
      tell(listeners, next)
    },
    error: (error) => reportListenerError('the session chart', error),
  })
  const disconnect = connect(parts, environment)
  actor.start()

  return {
    actor,
    parts,
    waiting,
    ready,
    getSnapshot: () => snapshot,
    subscribe(listener) {
      // One entry per call, so that subscribing the same function twice takes two calls to undo.
      const entry = (current: SessionSnapshot) => listener(current)
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
    isStopped: () => stopped,
    disconnect,
    stop() {
      stopped = true
      parts.stopped.abort()
      actor.stop()
      parts.vault.clear()
      listeners.clear()
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
    ...(signInHint === undefined ? {} : { signInHint }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(dynamicallyRegistered === undefined ? {} : { dynamicallyRegistered }),
  }
}

/** Listens to the store and the device. */
function connect(parts: SessionParts, environment: ResolvedOptions['environment']): () => void {
  const { store, key, clock } = parts.options
  const unwatch = store.watch(key, () => parts.send({ type: 'store.changed' }))
  const unsubscribe = environment.subscribe((change) => {
    const now = clock.now()
    if (change === 'online') parts.send({ type: 'network.online', now })
    if (change === 'offline') parts.send({ type: 'network.offline' })
    if (change === 'resumed') parts.send({ type: 'clock.resumed', now })
  })
  return () => {
    unwatch()
    unsubscribe()
  }
}

function tell(listeners: ReadonlySet<(snapshot: SessionSnapshot) => void>, snapshot: SessionSnapshot): void {
  for (const listener of [...listeners]) {
    try {
      listener(snapshot)
    } catch (error) {
      reportListenerError('`subscribe`', error)
    }
  }
}
