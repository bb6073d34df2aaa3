import { createSession, memoryStore, type Session, type SessionNotice, type SessionOptions } from '@authchart/core'
import { dpop, refreshTokenGrant } from '@authchart/core/oauth'
import {
  type Api,
  type AuthorizationServer,
  createProofKey,
  startApi,
  startAuthorizationServer,
} from '@authchart/test/authorization-server'
import type { JWK } from 'jose'
import { sessionKey, tokenSetOf } from '../../support/signed-in-session.ts'

/** Sessions whose tokens are bound to a key, between a real authorization server and a real API that check proofs. */
export interface Fixture extends AsyncDisposable {
  readonly server: AuthorizationServer
  readonly api: Api
  readonly session: Session
  /** Everything the session has said so far. */
  readonly notices: readonly SessionNotice[]
  /** The key of the sign-in, made by another library. */
  readonly proofKey: JWK
  /** Opens one more session of the client that must have bound tokens; with what the first has, unless told otherwise. */
  open(options?: Partial<SessionOptions>): Session
  /** Signs a session in by the authorization code flow. */
  signIn(session: Session): Promise<void>
}

/** Starts both servers and signs in. */
export async function startFixture(options: Partial<SessionOptions> = {}): Promise<Fixture> {
  const server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  const api = await startApi({ authorizationServer: server })
  const proofKey = await createProofKey()
  const store = memoryStore()
  const sessions: Session[] = []

  function open(more: Partial<SessionOptions> = {}): Session {
    const session = createSession({
      key: sessionKey,
      store,
      grant: refreshTokenGrant({ issuer: server.issuer, clientId: server.boundClient.id, dpop: dpop() }),
      allowedOrigins: [api.origin],
      ...options,
      ...more,
    })
    sessions.push(session)
    return session
  }

  async function signIn(session: Session): Promise<void> {
    const response = await server.signIn({ client: server.boundClient, proofKey })
    await session.signIn({ ...tokenSetOf(response), proofKey })
    server.resetCounts()
  }

  const session = open()
  const notices: SessionNotice[] = []
  session.on('*', (notice) => notices.push(notice))
  await signIn(session)
  return {
    server,
    api,
    session,
    notices,
    proofKey,
    open,
    signIn,
    async [Symbol.asyncDispose]() {
      await Promise.all(sessions.map((each) => each[Symbol.asyncDispose]()))
      await Promise.all([api.close(), server.close()])
    },
  }
}
