import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { createSession, memoryStore, type SessionOptions } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { jsonAnswer, writeAnswer } from '../../authorization-server/http-answer.ts'
import { type LoopbackServer, startLoopbackServer } from '../../authorization-server/loopback-server.ts'
import { doors } from './doors.ts'

const expired = JSON.stringify({ ok: false, error: 'token_expired' })
const json = { 'content-type': 'application/json; charset=utf-8' }

/** An API that takes one token, and answers another one as each test says. */
let api: LoopbackServer
let answerExpired: (response: ServerResponse) => unknown
let answerAccepted: (response: ServerResponse) => unknown
const seen: { token: string | undefined; body: string }[] = []

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ''
  for await (const chunk of request) body += chunk
  const token = request.headers.authorization?.replace('Bearer ', '')
  seen.push({ token, body })
  await (token === 'old' ? answerExpired(response) : answerAccepted(response))
}

beforeAll(async () => {
  api = await startLoopbackServer((request, response) => void handle(request, response))
})
beforeEach(() => {
  seen.length = 0
  answerAccepted = (response) => writeAnswer(response, jsonAnswer(200, { ok: true, message: 'x'.repeat(200_000) }))
})
afterAll(() => api.close())

type IsRejected = NonNullable<NonNullable<SessionOptions['http']>['isRejected']>
const saysExpired: IsRejected = ({ body }) => (body as { error?: unknown } | null)?.error === 'token_expired'

async function signIn(isRejected: IsRejected | undefined) {
  const tokens = await startLoopbackServer((request, response) => {
    request.resume()
    void writeAnswer(response, jsonAnswer(200, { access_token: 'new', expires_in: 3600 }))
  })
  const metadata = { token_endpoint: `${tokens.origin}/token` }
  const session = createSession({
    key: 'acme:alice',
    store: memoryStore(),
    grant: refreshTokenGrant({ issuer: tokens.origin, metadata, clientId: 'app' }),
    allowedOrigins: [api.origin],
    http: { isRejected },
  })
  await session.signIn({ accessToken: 'old', refreshToken: 'refresh', expiresIn: 3600 })
  return {
    session,
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]()
      await tokens.close()
    },
  }
}

const post = { method: 'POST', body: 'order=7' }

describe.each(doors)('an API that says in its body that the token has expired, through $name', ({ open }) => {
  test.each<[string, (response: ServerResponse) => unknown]>([
    ['under 200', (response) => writeAnswer(response, { status: 200, headers: json, body: expired })],
    ['under 403', (response) => writeAnswer(response, { status: 403, headers: json, body: expired })],
    [
      'as JSON of a kind',
      (response) =>
        writeAnswer(response, { status: 200, headers: { 'content-type': 'application/problem+json' }, body: expired }),
    ],
    ['without a length', (response) => response.writeHead(200, json).end(expired)],
    [
      'in pieces, and compressed',
      (response) => {
        response.writeHead(200, { ...json, 'content-encoding': 'gzip' })
        const bytes = gzipSync(expired)
        response.write(bytes.subarray(0, 10))
        setImmediate(() => response.end(bytes.subarray(10)))
      },
    ],
  ])('%s: one refresh, and the request is sent once more with its body', async (_name, answer) => {
    answerExpired = answer
    await using world = await signIn(saysExpired)
    const response = await open(world.session)(api.origin, post)
    expect(await response.json()).toMatchObject({ ok: true, message: expect.stringMatching(/^x{200000}$/) })
    expect(seen).toEqual([
      { token: 'old', body: post.body },
      { token: 'new', body: post.body },
    ])
  })

  test.each<[string, (response: ServerResponse) => unknown, IsRejected | undefined]>([
    ['is not asked', (response) => writeAnswer(response, { status: 200, headers: json, body: expired }), undefined],
    ['sees no JSON', (response) => writeAnswer(response, { status: 200, body: expired }), saysExpired],
    [
      'sees JSON of another form',
      (response) =>
        writeAnswer(response, { status: 200, headers: { 'content-type': 'application/json-seq' }, body: expired }),
      saysExpired,
    ],
    [
      'sees too much of it',
      (response) => writeAnswer(response, { status: 200, headers: json, body: expired.padEnd(70_000) }),
      saysExpired,
    ],
    [
      'sees too much of it, without a length',
      (response) => response.writeHead(200, json).end(expired.padEnd(70_000)),
      saysExpired,
    ],
    [
      'throws',
      (response) => writeAnswer(response, { status: 200, headers: json, body: expired }),
      () => {
        throw new Error('a mistake of the app')
      },
    ],
    [
      'is a promise',
      (response) => writeAnswer(response, { status: 200, headers: json, body: expired }),
      (async () => true) as unknown as IsRejected,
    ],
  ])('where the judgement %s, the response is returned whole', async (_name, answer, isRejected) => {
    answerExpired = answer
    await using world = await signIn(isRejected)
    const response = await open(world.session)(api.origin, post)
    expect(await response.text()).toContain('token_expired')
    expect(seen).toHaveLength(1)
  })

  test('a small file that unpacks to a huge one is not unpacked to be judged', async () => {
    const huge = gzipSync(Buffer.alloc(256 * 1024 * 1024, ' '))
    answerExpired = (response) =>
      writeAnswer(response, {
        status: 200,
        headers: { ...json, 'content-encoding': 'gzip' },
        body: huge.subarray(0, 60_000),
      })
    await using world = await signIn(saysExpired)
    const before = process.memoryUsage().arrayBuffers
    const response = await open(world.session)(api.origin, post)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)
    await response.body?.cancel()
  })

  test('one that goes on and on does not keep the caller waiting', async () => {
    answerExpired = async (response) => {
      response.writeHead(200, json).write('{"ok":')
      await once(response, 'close')
    }
    await using world = await signIn(saysExpired)
    const response = await open(world.session)(api.origin, post)
    expect(response.status).toBe(200)
    await response.body?.cancel()
  })
})
