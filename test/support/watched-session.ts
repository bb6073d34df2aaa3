import type { Session, SessionNotice, SessionOptions, SessionSnapshot } from '@authchart/core'
import { getSessionActor, type SessionActor } from '@authchart/core/machine'
import { clientSecretPost, refreshTokenGrant } from '@authchart/core/oauth'
import { createSimulatedClock } from '@authchart/core/testing'
import type { AuthorizationServer, TokenResponse } from '../authorization-server/index.ts'
import { collectNotices } from './notices.ts'
import { passTimeWhile } from './pass-time.ts'
import { openSession, tokenSetOf } from './signed-in-session.ts'
import { createTroubledStore, type TroubledStore } from './troubled-store.ts'

/** A client whose secret must not be seen; it posts it. To be registered by `confidentialClient`. */
export const canaryClient = { id: 'app', secret: 'Hy5 e+4 k%2F/Wd8!cB&1=vN' }

/** The metadata of a client with a secret, for `startAuthorizationServer({ clients })`. */
export function confidentialClient(
  { id, secret }: { id: string; secret: string },
  method: 'client_secret_basic' | 'client_secret_post' = 'client_secret_post',
) {
  return {
    client_id: id,
    client_secret: secret,
    token_endpoint_auth_method: method,
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/callback'],
  } as const
}

/** What anybody outside could get hold of. */
export interface Evidence {
  readonly actor: Pick<SessionActor, 'getSnapshot' | 'getPersistedSnapshot' | 'system'>
  readonly snapshots: readonly SessionSnapshot[]
  readonly inspected: readonly unknown[]
  readonly persisted: readonly unknown[]
  readonly errors: readonly unknown[]
  readonly notices: readonly SessionNotice[]
}

/** A session that is watched from everywhere. */
export type WatchedSession = ReturnType<typeof openWatchedSession>

/** A session with a confidential client, of which everything is kept that anybody outside could get hold of. */
export function openWatchedSession(
  server: AuthorizationServer,
  options: Partial<SessionOptions> = {},
  { store = createTroubledStore() }: { store?: TroubledStore } = {},
) {
  const clock = createSimulatedClock()
  const session = openSession(server, {
    store,
    ...options,
    runtime: { clock, random: () => 0, ...options.runtime },
    grant: refreshTokenGrant({
      issuer: server.issuer,
      clientId: canaryClient.id,
      clientAuthentication: clientSecretPost(canaryClient.secret),
    }),
  })
  const actor = getSessionActor(session)
  const snapshots: SessionSnapshot[] = []
  const inspected: unknown[] = []
  const persisted: unknown[] = []
  const errors: unknown[] = []
  const given: TokenResponse[] = []
  session.subscribe((snapshot) => snapshots.push(snapshot))
  actor.system.inspect((event) => void inspected.push(event))
  actor.subscribe(() => persisted.push(actor.getPersistedSnapshot()))
  const notices = collectNotices(session)
  const evidence: Evidence = { actor, snapshots, inspected, persisted, errors, notices }

  return {
    clock,
    store,
    session,
    evidence,
    async signIn(options: Parameters<Session['signIn']>[1] & { as?: string } = {}) {
      const { as = 'alice', ...signInOptions } = options
      const response = await server.signIn({ client: canaryClient, subject: as })
      given.push(response)
      return session.signIn(tokenSetOf(response), signInOptions)
    },
    /** Keeps what a call is refused with. */
    async attempt(work: Promise<unknown>) {
      await passTimeWhile(clock, work, { stepMilliseconds: 50 }).catch((error: unknown) => errors.push(error))
    },
    /** Whatever must not be seen: the client secret, and every token there has been. */
    secrets(): string[] {
      const stored = store.written.flatMap(({ secrets }) => {
        const { accessToken, refreshToken, idToken } = secrets?.tokenSet ?? {}
        return [accessToken, refreshToken, idToken]
      })
      const issued = given.flatMap((response) => [response.access_token, response.refresh_token, response.id_token])
      const all = [canaryClient.secret, ...stored, ...issued].filter((secret) => secret !== undefined)
      return [...new Set(all)]
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}
