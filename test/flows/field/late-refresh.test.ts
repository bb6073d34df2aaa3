import { createSession, memoryStore, type SessionOptions } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { createSimulatedClock } from '@authchart/core/testing'
import { expect, test } from 'vitest'
import { jsonAnswer, writeAnswer } from '../../authorization-server/http-answer.ts'
import { startLoopbackServer } from '../../authorization-server/loopback-server.ts'
import { collectNotices, typesOf } from '../../support/notices.ts'
import { passTime } from '../../support/pass-time.ts'
import { sessionKey } from '../../support/signed-in-session.ts'

const lifetime = 300_000

/** Twenty minutes at a server that refreshes a token of five minutes only in its last 30 s. */
async function liveFor20Minutes(options: Partial<SessionOptions>) {
  const clock = createSimulatedClock({ now: 1_900_000_000_000 })
  let expiresAt = clock.now() + lifetime
  let refused = 0
  await using server = await startLoopbackServer((request, response) => {
    request.resume()
    const isEarly = clock.now() < expiresAt - 30_000
    if (isEarly) refused += 1
    else expiresAt = clock.now() + lifetime
    const answer = isEarly
      ? jsonAnswer(400, { error: 'refresh_too_early' })
      : jsonAnswer(200, { access_token: `access-${expiresAt}`, expires_in: lifetime / 1000 })
    void writeAnswer(response, answer)
  })
  const metadata = { token_endpoint: `${server.origin}/token` }
  await using session = createSession({
    key: sessionKey,
    store: memoryStore(),
    grant: refreshTokenGrant({ issuer: server.origin, metadata, clientId: 'app' }),
    refreshTiming: 'eager',
    ...options,
    // The earliest that jitter makes it.
    runtime: { clock, random: () => 1 },
  })
  const notices = collectNotices(session)
  await session.signIn({ accessToken: 'access-0', refreshToken: 'refresh-0', expiresIn: lifetime / 1000 })
  await passTime(clock, 4 * lifetime, { session, stepMilliseconds: 5_000 })
  return { refused, status: session.getSnapshot().status, types: new Set(typesOf(notices)) }
}

test('P26 `refreshMarginMilliseconds` serves a server that refuses to refresh early', async () => {
  const { refused, status, types } = await liveFor20Minutes({ refreshMarginMilliseconds: 25_000 })
  expect({ refused, types }).toEqual({ refused: 0, types: new Set(['signedIn', 'refreshed']) })
  expect(['fresh', 'expiring']).toContain(status)
})

test('P26 without it, that server refuses', async () => {
  expect((await liveFor20Minutes({})).refused).toBeGreaterThan(0)
})
