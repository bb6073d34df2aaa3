import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createServer, defaultClientConditions } from 'vite'
import { relayMessages } from './relay.ts'

/** A served viewer. */
export interface Viewer {
  /** The page, on loopback. */
  readonly url: string
  /** The address for inspectors over a WebSocket. */
  readonly messagesUrl: string
  close(): Promise<void>
}

/** Serves the viewer on 127.0.0.1, on the wanted port (default 8177) or else the next free one. */
export async function serveViewer({ port = 8177 }: { port?: number } = {}): Promise<Viewer> {
  const vite = await createServer({
    configFile: false,
    root: fileURLToPath(new URL('page/', import.meta.url)),
    cacheDir: fileURLToPath(new URL('node_modules/.vite', import.meta.url)),
    logLevel: 'error',
    // This page's source does not change while it shows a session: nothing is watched.
    server: { host: '127.0.0.1', port, hmr: false, ws: false, watch: null },
    resolve: { conditions: ['@authchart/source', ...defaultClientConditions] },
    optimizeDeps: { include: ['elkjs/lib/elk.bundled.js', '@statelyai/inspect', 'xstate'] },
  })
  await vite.listen()
  const server = vite.httpServer as Server
  const relay = relayMessages(server)
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}/`,
    messagesUrl: `ws://${host}/messages`,
    async close() {
      relay.close()
      server.closeAllConnections()
      await vite.close()
    },
  }
}
