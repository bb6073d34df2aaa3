import { once } from 'node:events'
import net from 'node:net'
import { createSession, isRefreshUnavailableError, isSessionError, memoryStore } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { createSimulatedClock } from '@authchart/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { collectNotices, noticesOf } from '../support/notices.ts'
import fc from '../support/properties.ts'
import { recordTime } from '../support/session-records.ts'
import { sessionKey } from '../support/signed-in-session.ts'
import { readRecord } from '../support/stored-session.ts'

const now = recordTime
const hour = 60 * 60_000
const origin = 'https://api.example'
const issuer = 'https://login.example'

const oddCharacters = fc.constantFrom(...' ,;="\\/\t0123456789-+.:eEabMonGMTäÿ')
const cleaned = (text: fc.Arbitrary<string>) =>
  text.map((value) => value.replace(/[^\t\x20-\x7e\xa0-\xff]/g, '').trim())

const retryAfters = cleaned(
  fc.oneof(
    fc.nat().map(String),
    fc.bigInt().map(String),
    fc.double().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    fc.date({ noInvalidDate: true }).map((date) => date.toString()),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    fc.string({ unit: oddCharacters }),
    fc.string(),
  ),
)

const errorCodes = [
  'invalid_token',
  'insufficient_scope',
  'insufficient_user_authentication',
  'use_dpop_nonce',
  'invalid_request',
]
const challenges = cleaned(
  fc.oneof(
    fc.string({ unit: oddCharacters, maxLength: 200 }),
    fc.string({ maxLength: 200 }),
    fc
      .tuple(fc.string({ unit: oddCharacters, maxLength: 3 }), fc.constantFrom(...errorCodes), fc.string())
      .map(([before, code, after]) => `${before}Bearer error="${code}"${after}`),
    fc
      .array(
        fc.oneof(
          fc.constantFrom('Bearer', 'DPoP', 'Basic', 'Negotiate', 'error', ' ', ', ', '=', '"', '\\', 'realm="a, b"'),
          fc.constantFrom(...errorCodes),
          fc.constantFrom(...errorCodes).map((code) => `error="${code}"`),
          fc.string({ unit: oddCharacters, maxLength: 5 }),
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join('')),
  ),
)

/** A session that has just signed in, whose token endpoint answers so. */
async function open(answer: () => Response) {
  const clock = createSimulatedClock({ now })
  const store = memoryStore()
  let tokenRequests = 0
  const session = createSession({
    key: sessionKey,
    runtime: { clock, random: () => 0.5 },
    store,
    allowedOrigins: [origin],
    grant: refreshTokenGrant({
      metadata: { issuer, token_endpoint: `${issuer}/token` },
      clientId: 'app',
      async fetch() {
        tokenRequests += 1
        return answer()
      },
    }),
  })
  await session.signIn({ accessToken: 'access-token', refreshToken: 'refresh-token', expiresIn: 3600 })
  const notices = collectNotices(session)
  return { clock, store, session, notices, countTokenRequests: () => tokenRequests }
}

describe('a Retry-After of any text', () => {
  test.each([429, 503, 403])(
    'in a %i holds everybody back for an hour at most, and not a moment longer',
    async (status) => {
      const seen = { cooldowns: 0, none: 0 }
      await fc.assert(
        fc.asyncProperty(retryAfters, async (retryAfter) => {
          const opened = await open(() => new Response('', { status, headers: { 'retry-after': retryAfter } }))
          await using session = opened.session
          const error: unknown = await session.refresh().catch((thrown: unknown) => thrown)
          if (!isRefreshUnavailableError(error)) throw error
          const { serverCooldownUntil } = await readRecord(opened.store)
          seen[serverCooldownUntil === undefined ? 'none' : 'cooldowns'] += 1
          const { retryAt = Number.NaN } = session.getSnapshot()
          expect(retryAt).toBeGreaterThanOrEqual(now)
          expect(retryAt).toBeLessThanOrEqual(now + hour)
          if (serverCooldownUntil === undefined || serverCooldownUntil <= now) return

          await opened.clock.advance(retryAt - 1 - now)
          await expect(session.refresh()).rejects.toSatisfy(isRefreshUnavailableError)
          expect(opened.countTokenRequests()).toBe(1)
          await opened.clock.advance(1)
          await expect(session.refresh()).rejects.toSatisfy(isRefreshUnavailableError)
          expect(opened.countTokenRequests()).toBe(2)
        }),
        { numRuns: 200 },
      )
      expect(Math.min(seen.cooldowns, seen.none)).toBeGreaterThan(0)
    },
  )
})

describe('a WWW-Authenticate of any text', () => {
  const issue = () => Response.json({ access_token: 'next-access-token', token_type: 'Bearer', expires_in: 3600 })

  test.each([401, 403])('in a %i costs one more send and one refresh at most, and throws nothing', async (status) => {
    const seen = { rejected: 0, stepUps: 0, others: 0 }
    await fc.assert(
      fc.asyncProperty(challenges, fc.boolean(), async (challenge, hasNonce) => {
        const { session, notices, countTokenRequests } = await open(issue)
        await using _session = session
        let sends = 0
        const headers = { 'www-authenticate': challenge, ...(hasNonce ? { 'dpop-nonce': 'nonce' } : {}) }
        const send = createFetch(session, {
          async fetch() {
            sends += 1
            return new Response('refused', { status, headers })
          },
        })
        const response = await send(origin)
        expect(response.status).toBe(status)
        expect(await response.text()).toBe('refused')
        expect(sends).toBe(1 + countTokenRequests())
        expect(countTokenRequests()).toBeLessThanOrEqual(status === 401 ? 1 : 0)
        const stepUps = noticesOf(notices, 'stepUpRequired').length
        expect(stepUps + countTokenRequests()).toBeLessThanOrEqual(1)
        expect(noticesOf(notices, 'rejectedAfterRefresh')).toHaveLength(countTokenRequests())
        // A second rejection is noted under the lease: then others are served with the token.
        await eventually(() => session.getSnapshot().usable, { description: 'the pause to be noted' })
        seen[countTokenRequests() === 1 ? 'rejected' : stepUps === 1 ? 'stepUps' : 'others'] += 1
      }),
      { numRuns: 600 },
    )
    expect(seen.stepUps).toBeGreaterThan(0)
    expect(status === 401 ? seen.rejected : seen.others).toBeGreaterThan(100)
  })
})

describe('over a real socket', () => {
  let listener: net.Server
  let api: string
  let head = ''

  beforeAll(async () => {
    listener = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () =>
        socket.end(Buffer.from(`${head}content-length: 0\r\nconnection: close\r\n\r\n`, 'latin1')),
      )
    })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    api = `http://127.0.0.1:${(listener.address() as net.AddressInfo).port}`
  })
  afterAll(() => new Promise((resolve) => listener.close(resolve)))

  test('challenges in any number of lines end in a response, or in what fetch throws', async () => {
    const store = memoryStore()
    let tokenRequests = 0
    await using session = createSession({
      key: sessionKey,
      store,
      allowedOrigins: [api],
      grant: async () => {
        tokenRequests += 1
        return { accessToken: `access-token-${tokenRequests}`, expiresIn: 3600 }
      },
    })
    const send = createFetch(session)
    await fc.assert(
      fc.asyncProperty(fc.array(challenges, { maxLength: 4 }), async (lines) => {
        await session.signIn({ accessToken: 'access-token', expiresIn: 3600 })
        const before = tokenRequests
        head = `HTTP/1.1 401 No\r\n${lines.map((line) => `WWW-Authenticate: ${line}\r\n`).join('')}`
        const result = await send(`${api}/invoices`).catch((error: unknown) => error)
        if (result instanceof Response) expect(result.status).toBe(401)
        else expect(isSessionError(result) || result instanceof TypeError).toBe(true)
        expect(tokenRequests - before).toBeLessThanOrEqual(1)
      }),
      { numRuns: 200 },
    )
  })
})
