import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import {
  type Api,
  type AuthorizationServer,
  createBrowser,
  startApi,
  startAuthorizationServer,
} from '../authorization-server/index.ts'
import { tokenSetOf } from '../support/signed-in-session.ts'
import type { World } from './programs/session-life.ts'

/** The far side of sessions that live in other processes: this process has it. */
export interface StartedWorld extends AsyncDisposable {
  /** What those processes are told of it. */
  readonly world: World
  readonly server: AuthorizationServer
  readonly api: Api
}

/** What is done when it is asked for, by its name. */
type Hands = Readonly<Record<string, (body: string) => Promise<unknown>>>

/** Starts an authorization server, an API, and a way to steer both from other processes. */
export async function startWorld(lifetimes = { accessToken: 3600 }): Promise<StartedWorld> {
  const server = await startAuthorizationServer({ lifetimes })
  const api = await startApi({ authorizationServer: server })
  const hands: Hands = {
    'sign-in': async () => tokenSetOf(await server.signIn()),
    'revoke-access-token': () => api.revokeLastAcceptedToken(),
    visit: async (url) => {
      const response = await createBrowser().open(url)
      await response.text()
    },
    'go-down': () => server.goDown(),
    'come-back': () => server.comeBack(),
  }
  const steering = createServer((request, response) => void steer(hands, { request, response }))
  await new Promise<void>((resolve) => steering.listen(0, '127.0.0.1', resolve))
  const { port } = steering.address() as AddressInfo
  return {
    world: {
      issuer: server.issuer,
      clientId: server.publicClient.id,
      api: api.origin,
      hands: `http://127.0.0.1:${port}`,
    },
    server,
    api,
    async [Symbol.asyncDispose]() {
      steering.closeAllConnections()
      await new Promise((resolve) => steering.close(resolve))
      await api.close()
      await server.close()
    },
  }
}

async function steer(
  hands: Hands,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  try {
    const answer = await hands[request.url?.slice(1) ?? '']?.(await text(request))
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}))
  } catch (error) {
    response.writeHead(500).end(JSON.stringify(String(error)))
  }
}
