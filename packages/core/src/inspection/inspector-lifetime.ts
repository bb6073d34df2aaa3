import type { SessionInspector } from './inspect-session.ts'

/** How many sessions each inspector shows, and which inspectors were stopped with their last one. */
const shown = new WeakMap<SessionInspector, number>()
const stopped = new WeakSet<SessionInspector>()

/** One more session is shown. An inspector that was stopped with its last session starts again. */
export function joinInspector(inspector: SessionInspector): void {
  shown.set(inspector, (shown.get(inspector) ?? 0) + 1)
  if (!stopped.delete(inspector)) return
  const adapter = adapterOf(inspector)
  if (adapter !== undefined) letReconnect(adapter)
  inspector.start?.()
}

/** One session less is shown; with the last, the inspector is stopped if it may be. */
export function leaveInspector(inspector: SessionInspector, { mayStop }: { mayStop: boolean }): void {
  const count = (shown.get(inspector) ?? 1) - 1
  shown.set(inspector, count)
  if (count > 0 || !mayStop) return
  stopped.add(inspector)
  const adapter = adapterOf(inspector)
  if (adapter !== undefined) keepFromReconnecting(adapter)
  inspector.stop?.()
}

/** The part of a WebSocket inspector that holds its connection. */
interface WebSocketAdapter {
  ws?: Socket | undefined
}

interface Socket {
  onerror: unknown
  close(): void
}

function adapterOf(inspector: SessionInspector): WebSocketAdapter | undefined {
  const { adapter } = inspector as { adapter?: unknown }
  return typeof adapter === 'object' && adapter !== null && 'ws' in adapter ? (adapter as WebSocketAdapter) : undefined
}

/**
 * Without a server, `@statelyai/inspect` 0.7.2 opens another socket five seconds after each that failed, whatever `stop`
 * was called meanwhile, and so keeps the process alive for ever: `start` in its `webSocket.ts`. Its current socket is
 * made to fail in silence, and whichever comes next is closed before anybody hears of it.
 */
function keepFromReconnecting(adapter: WebSocketAdapter): void {
  const { ws } = adapter
  if (ws !== undefined) ws.onerror = ignore
  const nobody: Socket = { onerror: undefined, close: ignore }
  Object.defineProperty(adapter, 'ws', {
    configurable: true,
    get: () => ws,
    set(socket: Socket) {
      socket.onerror = ignore
      socket.close()
      // Its handlers go to this one.
      Object.defineProperty(adapter, 'ws', { configurable: true, writable: true, value: nobody })
    },
  })
}

function letReconnect(adapter: WebSocketAdapter): void {
  Object.defineProperty(adapter, 'ws', { configurable: true, writable: true, enumerable: true, value: undefined })
}

function ignore(): void {}
