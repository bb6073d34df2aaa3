import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createServer, defaultClientConditions } from 'vite'
import { relayMessages } from './relay.ts'

/** A viewer that is served. */
export interface Viewer {
  /** The page, on loopback. */
  readonly url: string
  /** Where inspectors over a WebSocket send to. */
  readonly messagesUrl: string
  close(): Promise<void>
}

/** Serves the viewer on 127.0.0.1; the next free port is taken where the wanted one (default 8177) is not. */
export async function serveViewer({ port = 8177 }: { port?: number } = {}): Promise<Viewer> {
  const vite = await createServer({
    configFile: false,
    root: fileURLToPath(new URL('page/', import.meta.url)),
    cacheDir: fileURLToPath(new URL('node_modules/.vite', import.meta.url)),
    logLevel: 'error',
    // What is looked at is a session and not this page's source: nothing is watched.
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
