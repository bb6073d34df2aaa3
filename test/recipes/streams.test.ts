import { once } from 'node:events'
import { expect, it } from 'vitest'
import { type WebSocket as ServerSocket, WebSocketServer } from 'ws'
import { startAuthorizationServer } from '../authorization-server/index.ts'
import { openSignedInSession } from '../support/signed-in-session.ts'
import { isAccepted, startFixture } from './fixture.ts'
import { openEvents } from './server-sent-events.ts'
import { openSocket } from './websocket.ts'

it('K5 a WebSocket whose token is rejected is opened again with a newer one', async () => {
  await using server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  await using session = await openSignedInSession(server)
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(sockets, 'listening')
  const answers: string[] = []
  sockets.on('connection', (socket: ServerSocket) => {
    socket.once('message', (token) => void judge(socket, String(token)))
  })
  async function judge(socket: ServerSocket, token: string): Promise<void> {
    const accepted = await isAccepted(server, token)
    answers.push(accepted ? 'accepted' : 'rejected')
    if (accepted) socket.send('welcome')
    else socket.close(4401)
  }
  const { port } = sockets.address() as { port: number }
  server.expireAccessTokens()
  const socket = await openSocket(session, `ws://127.0.0.1:${port}`)
  expect({ answers, refreshes: server.counts.refreshes }).toEqual({ answers: ['rejected', 'accepted'], refreshes: 1 })
  socket.close()
  sockets.close()
})

it('K5 server-sent events connect with a newer token, and again with the last id after the connection was cut', async () => {
  const lastIds: unknown[] = []
  await using fixture = await startFixture((request, response) => {
    lastIds.push(request.headers['last-event-id'])
    response.setHeader('content-type', 'text/event-stream')
    response.write(`retry: 10\nid: ${lastIds.length}\ndata: tea\n\n`)
    if (lastIds.length === 1) response.end()
  })
  fixture.server.expireAccessTokens()
  const events = openEvents(fixture.session, fixture.origin)
  const { promise: second, resolve } = Promise.withResolvers<string>()
  events.onmessage = ({ lastEventId, data }) => {
    if (lastEventId === '2') resolve(data)
  }
  expect(await second).toBe('tea')
  events.close()
  expect({ lastIds, refreshes: fixture.server.counts.refreshes }).toEqual({ lastIds: [undefined, '1'], refreshes: 1 })
})
