import { gzipSync } from 'node:zlib'
import { createSession, memoryStore, type SessionStore } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { createSimulatedClock } from '@authchart/core/testing'
import { describe, expect, test } from 'vitest'
import { type HttpAnswer, jsonAnswer, writeAnswer } from '../../authorization-server/http-answer.ts'
import { startLoopbackServer } from '../../authorization-server/loopback-server.ts'
import { collectNotices, typesOf } from '../../support/notices.ts'
import { passTimeWhile } from '../../support/pass-time.ts'
import { sessionKey } from '../../support/signed-in-session.ts'
import { readRecord } from '../../support/stored-session.ts'

const start = 1_900_000_000_000
const json = { 'content-type': 'application/json' }

/** A token endpoint that spends each refresh token, and gives the answers of a test before good ones. */
async function startServer(answers: HttpAnswer[]) {
  const sent: string[] = []
  const server = await startLoopbackServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    sent.push(new URLSearchParams(body).get('refresh_token') ?? '')
    const tokens = {
      access_token: 'access-good',
      refresh_token: 'refresh-good',
      token_type: 'Bearer',
      expires_in: 3600,
    }
    void writeAnswer(response, answers.shift() ?? jsonAnswer(200, tokens))
  })
  const metadata = { token_endpoint: `${server.origin}/token` }
  return {
    sent,
    grant: () => refreshTokenGrant({ issuer: server.origin, metadata, clientId: 'app' }),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

async function startWorld(answers: HttpAnswer[]) {
  const server = await startServer(answers)
  const clock = createSimulatedClock({ now: start })
  const store: SessionStore = memoryStore()
  const open = () =>
    createSession({ key: sessionKey, store, grant: server.grant(), runtime: { clock, random: () => 0 } })
  const session = open()
  await session.signIn({ accessToken: 'access-0', refreshToken: 'refresh-0', expiresIn: 3600 })
  return {
    ...server,
    session,
    store,
    clock,
    open,
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

describe('P80 a new refresh token of a 2xx is kept, and the spent one is not sent again', () => {
  test.each<[string, HttpAnswer]>([
    ['without an access token', jsonAnswer(200, { refresh_token: 'refresh-1' })],
    ['beside an empty one', jsonAnswer(200, { access_token: '', refresh_token: 'refresh-1' })],
    ['beside null', jsonAnswer(201, { access_token: null, refresh_token: 'refresh-1', expires_in: 60 })],
    ['beside one that no header can carry', jsonAnswer(200, { access_token: 'a\nb', refresh_token: 'refresh-1' })],
    ['beside an error', jsonAnswer(200, { error: 'server_error', refresh_token: 'refresh-1' })],
    ['beside `invalid_grant`', jsonAnswer(200, { error: 'invalid_grant', refresh_token: 'refresh-1' })],
    ['one level down', jsonAnswer(200, { ok: true, data: { refresh_token: 'refresh-1' } })],
    ['as a form', { status: 200, body: 'refresh_token=refresh-1&token_type=bearer' }],
    ['compressed without a word', { status: 200, headers: json, body: gzipSync('{"refresh_token":"refresh-1"}') }],
  ])('%s', async (_name, answer) => {
    await using world = await startWorld([answer])
    const { session, sent, store, clock } = world
    const notices = collectNotices(session)
    await expect(passTimeWhile(clock, session.refresh())).rejects.toMatchObject({ code: 'tokenUnusable' })
    // What there was is served on.
    expect((await session.getAccessToken()).value).toBe('access-0')
    const record = await readRecord(store)
    expect(record.status).toBe('signedIn')
    expect(record.refreshIntent).toBeUndefined()
    expect(record.secrets?.tokenSet).toMatchObject({ accessToken: 'access-0', refreshToken: 'refresh-1' })
    expect(typesOf(notices)).toEqual(['refreshFailed'])
    // Another program goes on from there.
    await clock.advance(600_000)
    await using next = world.open()
    expect((await passTimeWhile(clock, next.refresh())).value).toBe('access-good')
    expect(sent).toEqual(['refresh-0', 'refresh-1'])
  })

  test('where the access token was rejected or is none, there is none that is usable, and no caller gets it', async () => {
    await using world = await startWorld([jsonAnswer(200, { refresh_token: 'refresh-1' })])
    const { session, sent, clock } = world
    await clock.advance(3_600_000)
    const token = await passTimeWhile(clock, session.getAccessToken())
    expect(token.value).toBe('access-good')
    expect(sent).toEqual(['refresh-0', 'refresh-1'])
  })
})

describe('P80 tokens of a 2xx are taken', () => {
  const tokens = { access_token: 'access-1', refresh_token: 'refresh-1', token_type: 'bearer', expires_in: 3600 }

  test.each<[string, HttpAnswer]>([
    ['with another status', jsonAnswer(201, tokens)],
    ['as text', { status: 200, headers: { 'content-type': 'text/plain' }, body: JSON.stringify(tokens) }],
    [
      'as a form',
      { status: 200, body: new URLSearchParams(Object.entries(tokens).map(([k, v]) => [k, String(v)])).toString() },
    ],
    ['with a mark of byte order', { status: 200, headers: json, body: `\ufeff${JSON.stringify(tokens)}` }],
    ['compressed without a word', { status: 200, headers: json, body: gzipSync(JSON.stringify(tokens)) }],
    ['beside an error', jsonAnswer(200, { ...tokens, error: 'invalid_grant' })],
    ['with a challenge', jsonAnswer(200, tokens, { 'www-authenticate': 'Bearer error="invalid_token"' })],
    ['with a cooldown', jsonAnswer(200, tokens, { 'retry-after': '3600' })],
    ['one level down', jsonAnswer(200, { ok: true, authed_user: tokens })],
    ['beside members that are malformed', jsonAnswer(200, { ...tokens, scope: 41, expires_in: {}, id_token: [] })],
  ])('%s', async (_name, answer) => {
    await using world = await startWorld([answer])
    expect((await passTimeWhile(world.clock, world.session.refresh())).value).toBe('access-1')
    expect((await readRecord(world.store)).secrets?.tokenSet.refreshToken).toBe('refresh-1')
    expect(world.sent).toEqual(['refresh-0'])
  })
})
