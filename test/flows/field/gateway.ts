import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSession, memoryStore, type Session, type SessionOptions } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'

/** A server whose token endpoint and API share one origin, and a session that holds `access-0` for it. */
export interface Gateway extends AsyncDisposable {
  readonly origin: string
  readonly session: Session
}

export interface GatewayOptions extends Partial<SessionOptions> {
  /** Of the token endpoint's answers. Default 200. */
  readonly tokenStatus?: number
  /** Default `Bearer`. */
  readonly tokenType?: string
}

/** Starts one that brings `access-1` at `/token`, and serves the rest by the listener. */
export async function startGateway(serve: RequestListener, options: GatewayOptions = {}): Promise<Gateway> {
  const { tokenStatus = 200, tokenType = 'Bearer', ...sessionOptions } = options
  const server = createServer((request, response) => {
    request.resume()
    if (request.url !== '/token') return serve(request, response)
    const tokens = { access_token: 'access-1', refresh_token: 'refresh-1', token_type: tokenType, expires_in: 3600 }
    response.writeHead(tokenStatus, { 'content-type': 'application/json' }).end(JSON.stringify(tokens))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const session = createSession({
    key: 'acme:alice',
    store: memoryStore(),
    grant: refreshTokenGrant({ metadata: { issuer: origin, token_endpoint: `${origin}/token` }, clientId: 'acme' }),
    allowedOrigins: [origin],
    ...sessionOptions,
  })
  await session.signIn({ accessToken: 'access-0', refreshToken: 'refresh-0', expiresIn: 3600 })
  return {
    origin,
    session,
    async [Symbol.asyncDispose]() {
      await session.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
