import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AuthorizationServer, startApi, startAuthorizationServer } from '@authchart/test/authorization-server'
import type { Configuration } from './configuration.ts'
import { isOwnRequest } from './own-request.ts'
import { openStore, openUserSession } from './sessions.ts'

/** An authorization server and an API on loopback, with alice signed in, to try the service. */
export interface Trial extends AsyncDisposable {
  readonly configuration: Configuration
  /** What to try at a service that listens at `serviceUrl`. */
  describe(serviceUrl: string): string
}

/** Short, so that you see it refresh. */
const accessTokenSeconds = 30

const allowedHosts = ['127.0.0.1', 'localhost', '[::1]']

/** Starts everything. */
export async function startTrial({ host, port }: { host: string; port: number }): Promise<Trial> {
  const server = await startAuthorizationServer({
    lifetimes: { accessToken: accessTokenSeconds },
    wantsPromptForOfflineAccess: false,
  })
  const api = await startApi({ authorizationServer: server })
  const sessionDirectory = await mkdtemp(join(tmpdir(), 'authchart-node-service-'))
  const { id, secret } = server.secretBasicClient
  const configuration: Configuration = {
    issuer: server.issuer,
    upstreamUrl: api.origin,
    service: { clientId: id, clientSecret: secret, scope: undefined },
    user: { clientId: server.publicClient.id, scope: 'openid offline_access' },
    sessionDirectory,
    sessionKey: randomBytes(32),
    host,
    port,
    allowedHosts,
    stopMilliseconds: 10_000,
  }
  const signIn = () => signAliceIn(server, configuration)
  await signIn()
  const switches = await startSwitches({
    down: server.goDown,
    up: server.comeBack,
    revoke: async () => server.revokeGrant('alice'),
    'sign-in': signIn,
  })
  return {
    configuration,
    describe: (serviceUrl) => describeTrial(serviceUrl, switches.url),
    async [Symbol.asyncDispose]() {
      await Promise.all([switches.close(), api.close(), server.close()])
      await rm(sessionDirectory, { recursive: true, force: true })
    },
  }
}

async function signAliceIn(server: AuthorizationServer, configuration: Configuration): Promise<void> {
  const tokens = await server.signIn({ subject: 'alice' })
  await using session = openUserSession(configuration, openStore(configuration))
  await session.signIn({
    accessToken: tokens.access_token,
    expiresIn: tokens.expires_in,
    refreshToken: tokens.refresh_token,
    idToken: tokens.id_token,
  })
}

/** Serves the switches that change the authorization server. */
async function startSwitches(switches: Readonly<Record<string, () => Promise<unknown>>>) {
  const listener = createServer((request, response) => {
    const mayTurn = request.method === 'POST' && isOwnRequest(request.headers, allowedHosts)
    const turn = mayTurn ? switches[request.url?.slice(1) ?? ''] : undefined
    if (turn === undefined) {
      response.writeHead(404).end()
      return
    }
    turn().then(
      () => response.end('done\n'),
      (error: unknown) => response.writeHead(409).end(`${error instanceof Error ? error.message : error}\n`),
    )
  })
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    async close() {
      const closed = once(listener, 'close')
      listener.close()
      listener.closeAllConnections()
      await closed
    },
  }
}

function describeTrial(serviceUrl: string, switchesUrl: string): string {
  return `
Tokens live for ${accessTokenSeconds} s. Try:

  curl -i ${serviceUrl}/service/invoices      on client credentials
  curl -i ${serviceUrl}/user/orders           on alice's session
  curl -i ${serviceUrl}/healthz               how both are

  curl -X POST ${switchesUrl}/down            the authorization server is gone: 503 and Retry-After, once tokens have expired
  curl -X POST ${switchesUrl}/up              it is back
  curl -X POST ${switchesUrl}/revoke          alice's session ends: 503, and the log says once what to do
  curl -X POST ${switchesUrl}/sign-in         she signs in again

Ctrl-C stops it as SIGTERM does.

`
}
