import { createSession, memoryStore, type Session } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import {
  type Api,
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
} from '@authchart/test/authorization-server'
import type { EventStream } from './event-stream.ts'
import { observeServers, observeSession } from './observe.ts'

/** The servers and the session of the story. */
export interface World {
  readonly server: AuthorizationServer
  readonly api: Api
  readonly session: Session
  close(): Promise<void>
}

/** Starts an authorization server and an API on loopback, and opens a session with them. */
export async function startWorld(
  events: EventStream,
  { accessTokenLifetime }: { accessTokenLifetime: number },
): Promise<World> {
  const server = await startAuthorizationServer({ lifetimes: { accessToken: accessTokenLifetime } })
  const api = await startApi({ authorizationServer: server })
  const session = createSession({
    key: 'acme:alice',
    store: memoryStore(),
    grant: refreshTokenGrant({ issuer: server.issuer, clientId: server.publicClient.id }),
    allowedOrigins: [api.origin],
    // So that the story shows outages in seconds: by default callers wait for the next try.
    maximumWaitMilliseconds: 500,
    signInHint: 'run `acme login`',
    debug(entry) {
      if (entry.type === 'tokenRequestFailed') events.emit({ type: 'tokenRequestUnanswered', code: entry.code })
    },
  })
  observeSession(session, events)
  return {
    server,
    api,
    session,
    async close() {
      await session.close()
      await Promise.all([api.close(), server.close()])
    },
  }
}

/** Signs alice in, and begins to watch what her session requests. */
export async function signIn({ server, api, session }: World, events: EventStream): Promise<void> {
  const { access_token, expires_in, refresh_token, id_token } = await server.signIn({ subject: 'alice' })
  server.resetCounts()
  observeServers({ server, api }, events)
  await session.signIn({
    accessToken: access_token,
    expiresIn: expires_in,
    refreshToken: refresh_token,
    idToken: id_token,
  })
}
