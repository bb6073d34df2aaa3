import { once } from 'node:events'
import net from 'node:net'
import { createSession, type GrantDebugEntry, type GrantOutcome, isSessionError, memoryStore } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { parseSessionRecord, type SessionRecord } from '@authchart/core/store'
import { createSimulatedClock } from '@authchart/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { classifyTokenEndpointFailure } from '../../packages/core/src/policy/classify-token-endpoint.ts'
import { createIdToken } from '../support/id-tokens.ts'
import { passTimeWhile } from '../support/pass-time.ts'
import fc from '../support/properties.ts'
import { recordTime } from '../support/session-records.ts'
import { sessionKey } from '../support/signed-in-session.ts'

const now = recordTime
const minute = 60_000
const hour = 60 * minute
const issuer = 'https://login.example'
const refreshToken = 'refresh-token-of-the-sign-in'

/** What a token endpoint, or whatever stands in its place, gives back. */
interface Answer {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

/** Any text that a header can carry. */
const headerText = fc
  .oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...' ,;="\\/\t0123456789-+.eEabMonGTé') }),
    fc.nat().map(String),
    fc.bigInt().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  )
  .map((text) => text.replace(/[^\t\x20-\x7e\xa0-\xff]/g, '').trim())

const headers = fc.array(
  fc.tuple(
    fc.constantFrom('retry-after', 'content-type', 'www-authenticate', 'location', 'dpop-nonce', 'set-cookie', 'x-any'),
    headerText,
  ),
  { maxLength: 4 },
)

const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary' }))
const idTokens = fc.oneof(
  anyText,
  fc
    .dictionary(fc.constantFrom('iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'azp'), fc.anything(), { maxKeys: 7 })
    .map((claims) => createIdToken(JSON.parse(toJson(claims)) as Record<string, unknown>)),
)
const errorCodes = fc.constantFrom('invalid_grant', 'invalid_client', 'slow_down', 'no_such_code', '__proto__')

/** Bodies that look like token responses, more or less. */
const members = fc
  .record(
    {
      access_token: fc.oneof({ weight: 4, arbitrary: fc.base64String({ minLength: 1 }) }, anyText, fc.anything()),
      token_type: fc.oneof(fc.constantFrom('Bearer', 'bearer', 'DPoP', 'N_A'), anyText, fc.anything()),
      expires_in: fc.oneof(fc.integer({ min: -10, max: 90_000 }), fc.double(), anyText, fc.anything()),
      refresh_token: fc.oneof({ weight: 3, arbitrary: fc.base64String({ minLength: 1 }) }, anyText, fc.anything()),
      id_token: fc.oneof(idTokens, fc.anything()),
      scope: fc.oneof(anyText, fc.anything()),
      error: fc.oneof(errorCodes, anyText, fc.anything()),
      error_description: anyText,
      ['__proto__']: fc.anything(),
      any: fc.anything(),
    },
    { requiredKeys: [] },
  )
  .chain((all) => fc.subarray(Object.entries(all)).map((entries) => Object.fromEntries(entries)))
  // Most token responses have a token and no error.
  .chain(({ error, ...rest }) =>
    fc.oneof(fc.constant(rest), fc.constant(error === undefined ? rest : { ...rest, error })),
  )

const texts = fc.oneof(
  { weight: 6, arbitrary: members.map(toJson) },
  fc.tuple(members.map(toJson), fc.nat(80)).map(([text, length]) => text.slice(0, length)),
  members.map((all) =>
    new URLSearchParams(Object.entries(all).map(([name, value]) => [name, toText(value)])).toString(),
  ),
  fc.json(),
  anyText,
  fc.nat(5_000).map((depth) => `{"access_token":"deep","any":${'['.repeat(depth)}${']'.repeat(depth)}}`),
  fc.constantFrom('', '\uFEFF{"access_token":"marked"}', '<!doctype html>', 'null', '{}', '[]', '"a"', 'error=', '='),
)
const bodies = fc.oneof(
  { weight: 9, arbitrary: texts.map((text) => new TextEncoder().encode(text)) },
  fc.uint8Array({ maxLength: 300 }),
)
const statuses = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(200, 200, 200, 201, 400, 401) },
  fc.constantFrom(204, 302, 304, 307, 403, 404, 408, 425, 429, 500, 502, 503, 504),
  fc.integer({ min: 200, max: 599 }),
)
const answers: fc.Arbitrary<Answer> = fc.record({ status: statuses, headers, body: bodies })

function toJson(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ?? 'null'
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value.toWellFormed() : toJson(value)
}

/** The answer as a `Response`, for a `fetch` that stands for the far side. */
function createResponse({ status, headers, body }: Answer): Response {
  const hasNoBody = [204, 205, 304].includes(status)
  const init = { status, headers: headers.map(([name, value]): [string, string] => [name, value]) }
  return new Response(hasNoBody ? null : Buffer.from(body), init)
}

async function refreshByGrant(tokenEndpoint: string, fetch?: () => Promise<Response>) {
  const debugged: GrantDebugEntry[] = []
  const metadata = { issuer: new URL(tokenEndpoint).origin, token_endpoint: tokenEndpoint }
  const grant = refreshTokenGrant({ metadata, clientId: 'app', ...(fetch === undefined ? {} : { fetch }) })
  const outcome = await grant.refresh({
    refreshToken,
    signal: new AbortController().signal,
    now: () => now,
    debug: (entry) => debugged.push(entry),
  })
  return { outcome, debugged }
}

function expectKnownOutcome(outcome: GrantOutcome, debugged: readonly GrantDebugEntry[], { status }: Answer): void {
  expect(() => JSON.stringify(debugged)).not.toThrow()
  expect(JSON.stringify(debugged)).not.toContain(refreshToken)
  if (outcome.kind === 'issued') {
    expect(status).toBeLessThan(300)
    const { accessToken, refreshToken: next = refreshToken } = outcome.tokenSet
    expect(accessToken !== '' || next !== refreshToken).toBe(true)
    return
  }
  expect(JSON.stringify(outcome)).not.toContain(refreshToken)
  const verdict = classifyTokenEndpointFailure(outcome.failure, now)
  expect(['ended', 'transient', 'unknown']).toContain(verdict.kind)
  if (verdict.retryAt !== undefined) {
    expect(verdict.retryAt).toBeGreaterThanOrEqual(now)
    expect(verdict.retryAt).toBeLessThanOrEqual(now + hour)
  }
  // The status speaks before the body.
  if (status === 429) expect(verdict).toMatchObject({ kind: 'transient', code: 'throttled' })
  if (status >= 500) expect(verdict.kind).not.toBe('ended')
}

describe('a token response of any shape', () => {
  test('is told as tokens or as a known failure', async () => {
    const seen = { issued: 0, failed: 0 }
    await fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        const { outcome, debugged } = await refreshByGrant(`${issuer}/token`, async () => createResponse(answer))
        expectKnownOutcome(outcome, debugged, answer)
        seen[outcome.kind] += 1
      }),
      { numRuns: 10_000 },
    )
    expect(Math.min(seen.issued, seen.failed)).toBeGreaterThan(500)
  }, 120_000)

  test('causes nothing but errors of this library, no loop, and no lost record, in simulated minutes', async () => {
    const seen = { refreshed: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(fc.array(answers, { minLength: 1, maxLength: 3 }), async (sequence) => {
        const { thrown, requests, records } = await live(sequence)
        for (const error of thrown) if (!isSessionError(error)) throw error
        seen[thrown.length === 0 ? 'refreshed' : 'refused'] += 1
        // Our own backoff, or half of the shortest lifetime that is not unusable on arrival.
        expect(requests).toBeLessThanOrEqual(90)
        for (const record of records) expect(parseSessionRecord(record).kind).toBe('record')
        expectNothingLost(records)
      }),
      { numRuns: 150 },
    )
    // Both kinds came up: how often is the seed's affair.
    expect(Math.min(seen.refreshed, seen.refused)).toBeGreaterThan(0)
  }, 120_000)
})

/** A session whose authorization server gives these answers, the last one for ever; what it stored. */
async function live(sequence: readonly Answer[]) {
  const clock = createSimulatedClock({ now })
  const memory = memoryStore()
  const records: SessionRecord[] = []
  const thrown: unknown[] = []
  let requests = 0
  const answer = async () => {
    const [last] = sequence.slice(-1)
    const next = sequence[requests] ?? last
    requests += 1
    if (next === undefined) throw new Error('no answer')
    return createResponse(next)
  }
  await using session = createSession({
    key: sessionKey,
    runtime: { clock, random: () => 0.5 },
    refreshTiming: 'eager',
    grant: refreshTokenGrant({
      metadata: { issuer, token_endpoint: `${issuer}/token` },
      clientId: 'app',
      fetch: answer,
    }),
    store: {
      ...memory,
      async compareAndSet(key, expectedRevision, next) {
        const isWritten = await memory.compareAndSet(key, expectedRevision, next)
        if (isWritten) records.push(structuredClone(next))
        return isWritten
      },
    },
  })
  await session.signIn({ accessToken: 'access-token-of-the-sign-in', refreshToken, expiresIn: 3600 })
  await passTimeWhile(clock, session.refresh(), { stepMilliseconds: 500 }).catch((error: unknown) => thrown.push(error))
  for (let passed = 0; passed < minute; passed += 15_000) {
    await clock.advance(15_000)
    await passTimeWhile(clock, session.getAccessToken(), { stepMilliseconds: 500 }).catch((error: unknown) =>
      thrown.push(error),
    )
  }
  await passTimeWhile(clock, session.refresh(), { stepMilliseconds: 500 }).catch((error: unknown) => thrown.push(error))
  return { thrown, requests, records }
}

/** The refresh token is there until it is replaced by another one, or the session has ended for good. */
function expectNothingLost(records: readonly SessionRecord[]): void {
  for (const record of records) {
    if (record.status === 'signedIn') expect(record.secrets?.tokenSet.refreshToken).toMatch(/./s)
    if (record.status !== 'ended' || record.secrets?.tokenSet.refreshToken !== undefined) continue
    expect(['grantRejected', 'rotationLost', 'identityMismatch']).toContain(record.end?.reason)
  }
}

describe('over a real socket', () => {
  let listener: net.Server
  let origin: string
  let bytes = Buffer.alloc(0)

  beforeAll(async () => {
    listener = net.createServer((socket) => {
      socket.on('error', () => {})
      // Whatever is asked, these bytes are the answer.
      socket.once('data', () => socket.end(bytes))
    })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    origin = `http://127.0.0.1:${(listener.address() as net.AddressInfo).port}`
  })
  afterAll(() => new Promise((resolve) => listener.close(resolve)))

  test('a token response of any shape is told as over no socket', async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        const lines = answer.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
        const head = `HTTP/1.1 ${answer.status} Any\r\n${lines}content-length: ${answer.body.byteLength}\r\n\r\n`
        bytes = Buffer.concat([Buffer.from(head, 'latin1'), answer.body])
        const { outcome, debugged } = await refreshByGrant(`${origin}/token`)
        expectKnownOutcome(outcome, debugged, answer)
      }),
      { numRuns: 400 },
    )
  }, 120_000)

  test('bytes that are no HTTP, or HTTP that ends anywhere, are a known failure', async () => {
    const responses = fc.tuple(headerText, texts).map(([header, body]) => {
      const head = `HTTP/1.1 200 OK\r\nretry-after: ${header}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
      return Buffer.from(`${head}${body}`)
    })
    const cut = fc.tuple(responses, fc.double({ min: 0, max: 1, noNaN: true }))
    const anyBytes = fc.oneof(
      cut.map(([response, part]) => response.subarray(0, Math.floor(response.length * part))),
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      fc.array(fc.uint8Array()).map((parts) => Buffer.concat([Buffer.from('HTTP/1.1 400 No\r\n'), ...parts])),
    )
    await fc.assert(
      fc.asyncProperty(anyBytes, async (sent) => {
        bytes = sent
        const { outcome, debugged } = await refreshByGrant(`${origin}/token`)
        expectKnownOutcome(outcome, debugged, { status: outcome.kind === 'issued' ? 200 : 0, headers: [], body: sent })
      }),
      { numRuns: 300 },
    )
  }, 120_000)
})
