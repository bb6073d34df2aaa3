import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import { isOwnRequest } from './own-request.ts'

/** How many messages are kept for viewers that open later. */
const mostMessages = 5_000

/** Passes each message of a WebSocket at `/messages` on to the others there, and to those that come later. */
export interface MessageRelay {
  close(): void
}

/** Puts a relay on an HTTP server on loopback. It serves programs and its own page, not those of other sites. */
export function relayMessages(server: Server): MessageRelay {
  const sockets = new WebSocketServer({ noServer: true })
  const messages: string[] = []
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Refused with an answer: a browser opens its connections to a server one after the other.
    if (request.url !== '/messages') refuse(socket, '404 Not Found')
    else if (!isOwnRequest(request)) refuse(socket, '403 Forbidden')
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

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
}
