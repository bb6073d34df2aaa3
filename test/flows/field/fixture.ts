import { createSession, memoryStore, type Session, type SessionOptions, type SessionStore } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import {
  type Api,
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
} from '@authchart/test/authorization-server'
import { sessionKey, tokenSetOf } from '../../support/signed-in-session.ts'

/** One who has the session open. */
export interface Holder {
  readonly session: Session
  readonly fetch: typeof globalThis.fetch
}

/** Several holders of one session, between a real authorization server and real APIs, on one simulated clock. */
export interface Field extends AsyncDisposable {
  readonly server: AuthorizationServer
  readonly apis: readonly Api[]
  readonly clock: SimulatedClock
  readonly store: SessionStore
  readonly holders: readonly Holder[]
  /** That of the first holder. */
  readonly session: Session
  /** Opens the session once more. */
  open(options?: Partial<SessionOptions>): Holder
}

export interface FieldOptions extends Omit<Partial<SessionOptions>, 'runtime' | 'grant'> {
  readonly holderCount?: number
  readonly apiCount?: number
  /** Whether the tokens say how long they live. Default true. */
  readonly tellsLifetime?: boolean
  readonly random?: () => number
  /** What sends token requests. */
  readonly tokenFetch?: (url: string, init: RequestInit) => Promise<Response>
}

/** Starts the servers, signs in, and opens the session as often as wanted. */
export async function startField(options: FieldOptions = {}): Promise<Field> {
  const { holderCount = 1, apiCount = 1, tellsLifetime = true, random, tokenFetch = fetch, ...given } = options
  const clock = createSimulatedClock()
  const store = memoryStore()
  const server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  const apis = await Promise.all(Array.from({ length: apiCount }, () => startApi({ authorizationServer: server })))
  const sessions: Session[] = []

  function open(more: Partial<SessionOptions> = {}): Holder {
    const session = createSession({
      key: sessionKey,
      store,
      grant: refreshTokenGrant({ issuer: server.issuer, clientId: server.publicClient.id, fetch: tokenFetch }),
      allowedOrigins: apis.flatMap(({ origin, otherOrigin }) => [origin, otherOrigin]),
      runtime: { clock, random },
      ...given,
      ...more,
    })
    sessions.push(session)
    return { session, fetch: createFetch(session) }
  }

  if (!tellsLifetime) {
    const withoutLifetime = ({ expires_in, ...members }: Record<string, unknown>) => members
    server.faults.alterAnswer(withoutLifetime, { times: Number.POSITIVE_INFINITY })
  }
  const first = open()
  const { expiresIn, ...tokens } = tokenSetOf(await server.signIn())
  await first.session.signIn(tellsLifetime ? { ...tokens, expiresIn } : tokens)
  const others = Array.from({ length: holderCount - 1 }, () => open())
  await Promise.all(others.map(({ session }) => session.ready))
  server.resetCounts()
  return {
    server,
    apis,
    clock,
    store,
    holders: [first, ...others],
    session: first.session,
    open,
    async [Symbol.asyncDispose]() {
      // What is held back would be waited for, by a clock that stands still.
      server.faults.clear()
      await Promise.all(sessions.map((session) => session.close()))
      await Promise.all([...apis.map((api) => api.close()), server.close()])
    },
  }
}

/** What a call came to: the status of its response, or the name and the code of its error. */
export async function outcomeOf(call: Promise<Response>): Promise<string> {
  try {
    const response = await call
    await response.arrayBuffer()
    return String(response.status)
  } catch (error) {
    const { name, code } = error as { name: string; code?: string }
    return code === undefined ? name : `${name}: ${code}`
  }
}

/** How often each of them came. */
export function tally(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}
