import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AccessToken, isRefreshUnavailableError, type Session } from '@authchart/core'
import type { SimulatedClock } from '@authchart/core/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type Field, startField } from './fixture.ts'

const minute = 60_000
const hour = 60 * minute

let server: Server
let connections = 0
/** Which tokens the WebSocket server takes. */
let takes: (accessToken: string) => boolean

beforeAll(async () => {
  server = createServer()
  new WebSocketServer({
    server,
    verifyClient: ({ req }: { req: IncomingMessage }) => {
      connections += 1
      return takes(req.headers.authorization?.replace('Bearer ', '') ?? '')
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
beforeEach(() => {
  connections = 0
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** Opens a connection, and says whether the token was taken. */
function connect({ value }: AccessToken): Promise<boolean> {
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    headers: { authorization: `Bearer ${value}` },
  })
  return new Promise((resolve) => {
    socket.on('error', () => resolve(false))
    socket.on('open', () => {
      socket.terminate()
      resolve(true)
    })
  })
}

/** Connects, and says which token was rejected to get the next, until one is taken or the time is over. */
async function keepConnecting(session: Session, { clock, until }: { clock: SimulatedClock; until: number }) {
  let token = await session.getAccessToken()
  while (!(await connect(token))) {
    for (;;) {
      if (clock.now() >= until) return 'in vain'
      try {
        token = await session.getAccessToken({ newerThan: token.generation })
        break
      } catch (error) {
        if (!isRefreshUnavailableError(error) || error.retryAt === undefined) throw error
        await clock.advance(Math.max(error.retryAt - clock.now(), 1))
      }
    }
  }
  return 'connected'
}

test.each([
  { lifetime: 'of an hour', tellsLifetime: true },
  { lifetime: 'without a lifetime', tellsLifetime: false },
])(
  'P97 a server that rejects every token is connected to once more than tokens $lifetime come',
  async ({ tellsLifetime }) => {
    await using field = await startField({ tellsLifetime })
    takes = () => false
    const { clock, session } = field
    expect(await keepConnecting(session, { clock, until: clock.now() + 3 * hour })).toBe('in vain')
    expect(connections).toBe(field.server.counts.refreshes + 1)
    expect(connections).toBeLessThanOrEqual(10)
    expect(connections).toBeGreaterThanOrEqual(3)
  },
)

test('P97 other callers are served meanwhile', async () => {
  await using field = await startField()
  takes = () => false
  const { session, clock, apis, holders } = field
  const token = await session.getAccessToken()
  const next = await session.getAccessToken({ newerThan: token.generation })
  await expect(session.getAccessToken({ newerThan: next.generation })).rejects.toMatchObject({
    code: 'tokenUnusable',
    retryAt: clock.now() + 10_000,
  })
  expect((await session.getAccessToken()).generation).toBe(next.generation)
  expect((await holders[0]?.fetch(apis[0]?.origin ?? ''))?.status).toBe(200)
})

test('P97 a token that is revoked again and again is replaced at once each time, though no acceptance is told', async () => {
  await using field = await startField({ tellsLifetime: false })
  const { session, clock } = field
  for (let turn = 1; turn <= 3; turn += 1) {
    const revoked = (await session.getAccessToken()).value
    takes = (accessToken) => accessToken !== revoked
    expect(await keepConnecting(session, { clock, until: clock.now() + 1 })).toBe('connected')
    expect(field.server.counts.refreshes).toBe(turn)
    await clock.advance(10 * minute)
  }
})

test('P97 where acceptances are told, a token that lives for seconds is replaced at once', async () => {
  await using field: Field = await startField({ tellsLifetime: false })
  const { session, clock } = field
  for (let turn = 1; turn <= 5; turn += 1) {
    const revoked = await session.getAccessToken()
    session.reportOutcome({ outcome: 'accepted', origin: '', generation: revoked.generation })
    takes = (accessToken) => accessToken !== revoked.value
    expect(await keepConnecting(session, { clock, until: clock.now() + 1 })).toBe('connected')
    expect(field.server.counts.refreshes).toBe(turn)
    await clock.advance(3_000)
  }
})
