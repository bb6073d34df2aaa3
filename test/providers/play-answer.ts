import { createSession, memoryStore, type Session } from '@authchart/core'
import { type RefreshTokenGrantOptions, refreshTokenGrant } from '@authchart/core/oauth'
import { createSimulatedClock, type SimulatedClock } from '@authchart/core/testing'
import { type HttpAnswer, jsonAnswer, writeAnswer } from '../authorization-server/http-answer.ts'
import { startLoopbackServer } from '../authorization-server/loopback-server.ts'
import { passTimeWhile } from '../support/pass-time.ts'
import { sessionKey } from '../support/signed-in-session.ts'
import type { ProviderAnswer, ProviderEntry } from './provider-entry.ts'

/** A second before the instants that the corpus names as near. */
const now = 1_900_000_000_000

/** A token endpoint that always gives the same answer, over a real socket. */
export interface Endpoint extends AsyncDisposable {
  readonly url: string
  requests: number
  /** What it answers from now on. */
  answer: ProviderAnswer
}

export async function startEndpoint(answer: ProviderAnswer): Promise<Endpoint> {
  const server = await startLoopbackServer((request, response) => {
    request.resume()
    endpoint.requests += 1
    void writeAnswer(response, toHttpAnswer(endpoint.answer))
  })
  const endpoint: Endpoint = {
    url: `${server.origin}/token`,
    requests: 0,
    answer,
    [Symbol.asyncDispose]: () => server.close(),
  }
  return endpoint
}

function toHttpAnswer({ status = 200, headers = {}, body }: ProviderAnswer): HttpAnswer {
  if (typeof body !== 'string') return jsonAnswer(status, body, { ...headers })
  return { status, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body }
}

/** What became of a session whose refreshes are all answered alike. */
export interface Trial {
  /** The status after each try, in the order of `tries`. */
  readonly statuses: string[]
  /** Transient codes and end reasons, likewise; absent after a success. */
  readonly causes: (string | undefined)[]
  readonly session: Session
  readonly clock: SimulatedClock
}

/** When a patient app calls `refresh()`, in milliseconds after the first time. */
const tries = [0, 20_000, 45_000, 90_000, 119_000, 600_000]

/** Signs in at a provider whose token endpoint always gives one answer, and refreshes for ten minutes. */
export async function tryToRefresh(
  entry: ProviderEntry,
  { endpoint, withPreset }: { endpoint: Endpoint; withPreset: boolean },
): Promise<Trial & AsyncDisposable> {
  const clock = createSimulatedClock({ now })
  const session = openProviderSession(entry, { clock, endpoint, withPreset })
  await session.signIn({ accessToken: 'first-access-token', refreshToken: 'first-refresh-token', expiresIn: 3600 })
  const statuses: string[] = []
  const causes: (string | undefined)[] = []
  for (const time of tries) {
    await clock.advance(now + time - clock.now())
    await passTimeWhile(clock, session.refresh()).catch(() => {})
    const { status, code, reason } = session.getSnapshot()
    statuses.push(status)
    causes.push(code ?? reason)
  }
  return { statuses, causes, session, clock, [Symbol.asyncDispose]: async () => session[Symbol.asyncDispose]() }
}

/** A session at a provider, with its token endpoint in another place. */
function openProviderSession(
  { preset }: ProviderEntry,
  { clock, endpoint, withPreset }: { clock: SimulatedClock; endpoint: Endpoint; withPreset: boolean },
): Session {
  const { metadata, issuer = 'https://login.example' } = preset
  const options = { ...(withPreset ? preset : {}), issuer, metadata: { ...metadata, token_endpoint: endpoint.url } }
  return createSession({
    key: sessionKey,
    store: memoryStore(),
    runtime: { clock, random: () => 0 },
    grant: refreshTokenGrant({ ...options, clientId: 'app', clientSecret: 'secret' } as RefreshTokenGrantOptions),
  })
}
