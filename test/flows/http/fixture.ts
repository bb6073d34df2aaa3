import {
  type Clock,
  createSession,
  memoryStore,
  type Session,
  type SessionNotice,
  type SessionOptions,
} from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import {
  type Api,
  type AuthorizationServer,
  type EchoedRequest,
  startApi,
  startAuthorizationServer,
} from '@authchart/test/authorization-server'

/** A signed-in session between a real authorization server and a real API. */
export interface Fixture extends AsyncDisposable {
  readonly server: AuthorizationServer
  readonly api: Api
  readonly session: Session
  /** Everything the session has said so far. */
  readonly notices: readonly SessionNotice[]
  /** Lets the session's clock jump ahead. */
  advance(milliseconds: number): void
}

/** What differs from test to test. */
export interface FixtureOptions extends Partial<SessionOptions> {
  /** Lifetime of the first access token as the session knows it, in seconds. Default 3600, which is the truth. */
  readonly expiresIn?: number
  /** Whether the sign-in brings a refresh token. Default true. */
  readonly withRefreshToken?: boolean
}

/** Starts both servers and signs in. */
export async function startFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const { expiresIn = 3600, withRefreshToken = true, ...sessionOptions } = options
  const server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  const api = await startApi({
    authorizationServer: server,
    ...(sessionOptions.http?.header === undefined ? {} : { header: sessionOptions.http.header }),
  })
  let ahead = 0
  const session = createSession({
    key: 'acme:alice',
    store: memoryStore(),
    grant: refreshTokenGrant({ issuer: server.issuer, clientId: server.publicClient.id }),
    allowedOrigins: [api.origin],
    runtime: { clock: createShiftedClock(() => ahead) },
    ...sessionOptions,
  })
  const notices: SessionNotice[] = []
  session.on('*', (notice) => notices.push(notice))
  const tokens = await server.signIn()
  await session.signIn({
    accessToken: tokens.access_token,
    expiresIn,
    ...(withRefreshToken && tokens.refresh_token !== undefined ? { refreshToken: tokens.refresh_token } : {}),
  })
  server.resetCounts()
  return {
    server,
    api,
    session,
    notices,
    advance(milliseconds) {
      ahead += milliseconds
    },
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]()
      await Promise.all([api.close(), server.close()])
    },
  }
}

/** The system's clock, ahead by some time; timers run as they do. */
function createShiftedClock(ahead: () => number): Clock {
  return {
    now: () => Date.now() + ahead(),
    setTimeout: (callback, delay) => setTimeout(callback, Math.min(delay, 2 ** 31 - 1)).unref(),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  }
}

/** What the API says that it got. */
export async function readEcho(response: Response): Promise<EchoedRequest> {
  return (await response.json()) as EchoedRequest
}

/** How many notices of a type there were. */
export function countNotices(notices: readonly SessionNotice[], type: SessionNotice['type']): number {
  return notices.filter((notice) => notice.type === type).length
}
