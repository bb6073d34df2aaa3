import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { nextPort } from './loopback-ports.ts'

/** An HTTP server on 127.0.0.1 that can go down, come back on its port, and leaves nothing behind when closed. */
export interface LoopbackServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40123`; stays the same. */
  readonly origin: string
  readonly isListening: boolean
  /** Number of connections that are open now. */
  readonly connections: number
  /** Refuses new connections and destroys the open ones. */
  goDown(): Promise<void>
  /** Listens again on the same port. */
  comeBack(): Promise<void>
  /** Destroys the open connections and, `times` times, each new one before its request is read. */
  cutNewConnections(times?: number): Promise<void>
  /** Destroys the open connections. */
  destroyConnections(): Promise<void>
  close(): Promise<void>
}

/**
 * Starts listening on `port` of 127.0.0.1 (default 0: any free one); `handle` gets every request.
 *
 * @param options `keepsConnections` false: each connection serves one request. Chromium repeats a POST by itself when a
 * connection that it uses again dies, and a test that cuts connections would count that.
 */
export async function startLoopbackServer(
  handle: RequestListener,
  { port = 0, keepsConnections = true }: { port?: number; keepsConnections?: boolean } = {},
): Promise<LoopbackServer> {
  const sockets = new Set<Socket>()
  let connectionsToCut = 0
  // The client decides when an idle connection ends: a server that closes it first resets requests by accident.
  const server = createServer({ keepAliveTimeout: 120_000 }, handle)
  if (!keepsConnections) server.maxRequestsPerSocket = 1
  server.on('connection', (socket) => {
    if (connectionsToCut > 0) {
      connectionsToCut -= 1
      socket.resetAndDestroy()
      return
    }
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const address = port === 0 ? await listenAnywhere(server) : await listen(server, port)

  async function destroyConnections(): Promise<void> {
    for (const socket of sockets) socket.destroy()
    await clientsHaveNoticed()
  }

  async function goDown(): Promise<void> {
    if (!server.listening) return
    const closed = new Promise((resolve) => server.close(resolve))
    await destroyConnections()
    await closed
  }

  return {
    origin: `http://127.0.0.1:${address.port}`,
    get isListening() {
      return server.listening
    },
    get connections() {
      return sockets.size
    },
    goDown,
    async comeBack() {
      if (!server.listening) await listen(server, address.port)
    },
    async cutNewConnections(times = 1) {
      connectionsToCut = times
      await destroyConnections()
    },
    destroyConnections,
    close: goDown,
    [Symbol.asyncDispose]: goDown,
  }
}

/**
 * A client in this process learns of a closed connection in the event loop's next turns. Until then its pool would send
 * a request into it, and find the connection lost instead of refused.
 */
async function clientsHaveNoticed(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await setImmediate()
}

async function listenAnywhere(server: Server): Promise<AddressInfo> {
  for (;;) {
    try {
      return await listen(server, nextPort())
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}

function listen(server: Server, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve(server.address() as AddressInfo)
    })
  })
}
