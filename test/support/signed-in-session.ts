import { createSession, memoryStore, type Session, type SessionOptions, type TokenSetInput } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import type { AuthorizationServer, TokenResponse } from '../authorization-server/index.ts'

/** Under which key the sessions of tests are stored unless a test says otherwise. */
export const sessionKey = 'acme:alice'

/** Opens a session of the public client at the fixture's server, on a store of its own; `options` go before both. */
export function openSession(server: AuthorizationServer, options: Partial<SessionOptions> = {}): Session {
  return createSession({
    key: sessionKey,
    store: memoryStore(),
    grant: refreshTokenGrant({ issuer: server.issuer, clientId: server.publicClient.id }),
    ...options,
  })
}

/** Opens such a session and signs a subject (default `alice`) in at the server. */
export async function openSignedInSession(
  server: AuthorizationServer,
  { subject, ...options }: Partial<SessionOptions> & { subject?: string } = {},
): Promise<Session> {
  const session = openSession(server, options)
  await session.signIn(tokenSetOf(await server.signIn(subject === undefined ? {} : { subject })))
  return session
}

/** A token response as the app hands it to `session.signIn`. */
export function tokenSetOf(response: TokenResponse): TokenSetInput {
  return {
    accessToken: response.access_token,
    tokenType: response.token_type,
    expiresIn: response.expires_in,
    ...(response.refresh_token === undefined ? {} : { refreshToken: response.refresh_token }),
    ...(response.id_token === undefined ? {} : { idToken: response.id_token }),
  }
}
