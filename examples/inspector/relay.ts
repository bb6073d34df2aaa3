import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'

/** So many messages are kept for viewers that are opened later. */
const mostMessages = 5_000

/** Hands each message that comes over a WebSocket at `/messages` to everybody else there, and to whoever comes later. */
export interface MessageRelay {
  close(): void
}

/**
 * Puts a relay on an HTTP server. A page of another site could reach it as well as ours can: what a browser sends is
 * taken only if it comes from our own page.
 */
export function relayMessages(server: Server): MessageRelay {
  const sockets = new WebSocketServer({ noServer: true })
  const messages: string[] = []
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Answered as well: a browser opens its connections to a server one after the other.
    if (request.url !== '/messages') refuse(socket, '404 Not Found')
    else if (!isOwn(request)) refuse(socket, '403 Forbidden')
    else sockets.handleUpgrade(request, socket, head, join)
  }
  server.on('upgrade', upgrade)

  function join(newcomer: WebSocket) {
    for (const message of messages) newcomer.send(message)
    newcomer.on('message', (data) => {
      const message = String(data)
      messages.push(message)
      if (messages.length > mostMessages) messages.shift()
      for (const other of sockets.clients) {
        if (other !== newcomer && other.readyState === WebSocket.OPEN) other.send(message)
      }
    })
  }

  return {
    close() {
      server.off('upgrade', upgrade)
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
    },
  }
}

/** Node sends no origin. */
function isOwn({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin === undefined || origin === `http://${host}`
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
}
