import { createSession, memoryStore, type Session } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import type { ApiServer } from './api-server.ts'

/** A session that is signed in at a server, and whose tokens that server accepts; time goes by as `now` says. */
export async function openBenchmarkSession(server: ApiServer, now: () => number = Date.now): Promise<Session> {
  const session = createSession({
    key: 'acme:alice',
    store: memoryStore(),
    grant: refreshTokenGrant({
      clientId: 'benchmark',
      metadata: { issuer: server.origin, token_endpoint: `${server.origin}/token` },
    }),
    allowedOrigins: [server.origin],
    runtime: { clock: { now, setTimeout: (callback, delay) => setTimeout(callback, delay), clearTimeout: clearTimer } },
  })
  await session.signIn({ ...(await server.signIn()), expiresIn: 3600 })
  return session
}

function clearTimer(timer: unknown): void {
  clearTimeout(timer as NodeJS.Timeout)
}
