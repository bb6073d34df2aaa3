import { beforeEach, describe, expect, test } from 'vitest'
import { RefreshUnavailableError } from '../errors/refresh-unavailable-error.ts'
import { type AccessToken, createAccessToken } from '../token/access-token.ts'
import type { RequestOutcome } from '../token/request-outcome.ts'
import type { RequestPort } from './request-port.ts'
import { createTokenSender, type Sendable, sendWithToken } from './send-with-token.ts'

const origin = 'https://api.example'
const startedAt = 1_000

function tokenOf(generation: number, receivedAt = startedAt): AccessToken {
  return createAccessToken({ accessToken: `token-${generation}`, tokenType: 'Bearer', receivedAt }, generation)
}

/** A session that hands out these tokens, one more after each rejection. */
function createPort({
  tokens = [tokenOf(1), tokenOf(2)],
  ...overrides
}: Partial<RequestPort> & { tokens?: AccessToken[] }) {
  const reported: RequestOutcome[] = []
  const nonces: [url: string, nonce: string | null][] = []
  const validities: (number | undefined)[] = []
  const current = () => tokens[0] as AccessToken
  const port: RequestPort = {
    peekAccessToken: current,
    async getAccessToken(options) {
      validities.push(options?.minimumValidityMilliseconds)
      return current()
    },
    reportOutcome(outcome) {
      reported.push(outcome)
      if (outcome.outcome === 'rejected' && outcome.generation === current().generation) tokens.shift()
    },
    isRefusedAfterRefresh: () => false,
    rememberNonce: (url, nonce) => void nonces.push([url, nonce]),
    now: () => startedAt,
    allowedOrigins: new Set([origin]),
    header: 'Authorization',
    scheme: undefined,
    rejectedStatuses: new Set(),
    ...overrides,
  }
  return { port, reported, nonces, validities, sender: createTokenSender(port) }
}

function createRequest(answers: (Response | Error)[], overrides: Partial<Sendable> = {}) {
  const sent: string[] = []
  const proofs: (string | undefined)[] = []
  const sendable: Sendable = {
    origin,
    signal: undefined,
    isOneShot: false,
    target: () => ({ method: 'POST', url: `${origin}/orders?page=2` }),
    async send(authorization, proof) {
      sent.push(authorization)
      proofs.push(proof)
      const answer = answers[sent.length - 1]
      if (!(answer instanceof Response)) throw answer
      return answer
    },
    ...overrides,
  }
  return { sendable, sent, proofs }
}

function refusal(error = 'invalid_token', status = 401) {
  return new Response('refused', { status, headers: { 'www-authenticate': `Bearer error="${error}"` } })
}

/** A response as it comes after a redirect. */
function redirected(response: Response, url: string) {
  return Object.defineProperties(response, { redirected: { value: true }, url: { value: url } })
}

test('says nothing of a fresh token that is accepted', async () => {
  const { sender, reported, validities } = createPort({})
  const { sendable, sent } = createRequest([new Response('fine')])
  expect(await (await sendWithToken(sender, sendable)).text()).toBe('fine')
  expect(sent).toEqual(['Bearer token-1'])
  expect(reported).toEqual([])
  expect(validities).toEqual([])
})

test('sends once more with the next token, and says when that ends the run of rejections', async () => {
  const { sender, reported } = createPort({})
  const first = refusal()
  const { sendable, sent } = createRequest([first, new Response('fine'), new Response('fine')])
  expect((await sendWithToken(sender, sendable)).status).toBe(200)
  await sendWithToken(sender, sendable)
  expect(sent).toEqual(['Bearer token-1', 'Bearer token-2', 'Bearer token-2'])
  expect(reported).toEqual([
    { outcome: 'rejected', origin, generation: 1, status: 401 },
    { outcome: 'accepted', origin, generation: 2, status: 200 },
  ])
  expect(first.bodyUsed).toBe(true)
})

test.each([
  ['received as the request began', startedAt, 'rejectedAfterRefresh'],
  ['received 1 ms before the request began', startedAt - 1, 'rejected'],
])('reports a second token that was %s and is rejected', async (_name, receivedAt, outcome) => {
  const { sender, reported } = createPort({ tokens: [tokenOf(1), tokenOf(2, receivedAt), tokenOf(3)] })
  const second = refusal()
  const { sendable, sent } = createRequest([refusal(), second])
  expect(await sendWithToken(sender, sendable)).toBe(second)
  expect(await second.text()).toBe('refused')
  expect(sent).toHaveLength(2)
  expect(reported.map((report) => report.outcome)).toEqual(['rejected', outcome])
})

test('asks for nothing where this origin has refused this generation after its refresh', async () => {
  const { sender, reported } = createPort({
    isRefusedAfterRefresh: (at, generation) => at === origin && generation === 1,
  })
  const { sendable, sent } = createRequest([refusal()])
  expect((await sendWithToken(sender, sendable)).status).toBe(401)
  expect(sent).toHaveLength(1)
  expect(reported).toEqual([])
})

test('returns the first response, unread, when there is no newer token', async () => {
  const { sender } = createPort({ tokens: [tokenOf(1), tokenOf(1)] })
  const { sendable, sent } = createRequest([refusal()])
  expect(await (await sendWithToken(sender, sendable)).text()).toBe('refused')
  expect(sent).toHaveLength(1)
})

test('returns the first response, unread, when the session says why there is no token', async () => {
  const unavailable = new RefreshUnavailableError({ code: 'server', retryAt: undefined })
  const { sender } = createPort({ getAccessToken: () => Promise.reject(unavailable) })
  const { sendable } = createRequest([refusal()])
  expect(await (await sendWithToken(sender, sendable)).text()).toBe('refused')
})

test('throws the reason of a caller who gives up while the next token is awaited', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const { sender } = createPort({
    getAccessToken({ signal } = {}) {
      controller.abort(reason)
      return Promise.reject(signal?.reason)
    },
  })
  const { sendable } = createRequest([refusal()], { signal: controller.signal })
  await expect(sendWithToken(sender, sendable)).rejects.toBe(reason)
})

test('sends a one-shot body once, with a token that is good for a minute', async () => {
  const { sender, reported, validities } = createPort({})
  const { sendable, sent } = createRequest([refusal()], { isOneShot: true })
  expect(await (await sendWithToken(sender, sendable)).text()).toBe('refused')
  expect(sent).toHaveLength(1)
  expect(validities).toEqual([60_000])
  expect(reported.map((report) => report.outcome)).toEqual(['rejected'])
})

test.each([
  ['insufficient_scope', 403],
  ['insufficient_user_authentication', 401],
])('returns %s with a report and no second send', async (error, status) => {
  const { sender, reported } = createPort({})
  const { sendable, sent } = createRequest([refusal(error, status)])
  expect((await sendWithToken(sender, sendable)).status).toBe(status)
  expect(sent).toHaveLength(1)
  expect(reported).toEqual([{ outcome: 'stepUpRequired', origin, generation: 1, status }])
})

test('returns a demand for a DPoP nonce to a bearer token without a refresh', async () => {
  const { sender, reported } = createPort({})
  const headers = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'abc' }
  const { sendable, sent } = createRequest([new Response(null, { status: 401, headers })])
  expect((await sendWithToken(sender, sendable)).status).toBe(401)
  expect(sent).toHaveLength(1)
  expect(reported).toEqual([])
})

describe('with a token that is bound to a key', () => {
  const demand = () =>
    new Response(null, {
      status: 401,
      headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'wanted' },
    })
  let made = 0
  const boundTokenOf = (generation: number) =>
    createAccessToken(
      { accessToken: `token-${generation}`, tokenType: 'DPoP', receivedAt: startedAt },
      generation,
      async ({ method, url }) => {
        made += 1
        return `${made} ${method} ${url} ${generation}`
      },
    )
  const tokens = () => [boundTokenOf(1), boundTokenOf(2)]
  const about = `POST ${origin}/orders?page=2`

  beforeEach(() => {
    made = 0
  })

  test('sends a proof of its own with each send, and remembers the nonce of each response', async () => {
    const { sender, nonces } = createPort({ tokens: tokens() })
    const accepted = new Response(null, { headers: { 'dpop-nonce': 'next' } })
    const { sendable, sent, proofs } = createRequest([refusal('invalid_token'), accepted])
    expect(await sendWithToken(sender, sendable)).toBe(accepted)
    expect(sent).toEqual(['DPoP token-1', 'DPoP token-2'])
    expect(proofs).toEqual([`1 ${about} 1`, `2 ${about} 2`])
    expect(nonces).toEqual([
      [`${origin}/orders?page=2`, null],
      [`${origin}/orders?page=2`, 'next'],
    ])
  })

  test('sends a request once more when a nonce is demanded, says nothing of it, and refreshes for a 401 after that', async () => {
    const { sender, reported, nonces } = createPort({ tokens: tokens() })
    const { sendable, sent, proofs } = createRequest([demand(), refusal('invalid_token'), demand(), new Response()])
    expect((await sendWithToken(sender, sendable)).status).toBe(200)
    expect(sent).toEqual(['DPoP token-1', 'DPoP token-1', 'DPoP token-2', 'DPoP token-2'])
    expect(new Set(proofs).size).toBe(4)
    expect(nonces[0]).toEqual([`${origin}/orders?page=2`, 'wanted'])
    expect(reported.map(({ outcome }) => outcome)).toEqual(['rejected', 'accepted'])
  })

  test('returns a second demand for a nonce as it is', async () => {
    const { sender, reported } = createPort({ tokens: tokens() })
    const { sendable, sent } = createRequest([demand(), demand()])
    expect((await sendWithToken(sender, sendable)).status).toBe(401)
    expect(sent).toHaveLength(2)
    expect(reported).toEqual([])
  })

  test('returns a demand for a nonce as it is when the body can be sent only once, and remembers the nonce', async () => {
    const { sender, reported, nonces } = createPort({ tokens: tokens() })
    const { sendable, sent } = createRequest([demand()], { isOneShot: true })
    expect((await sendWithToken(sender, sendable)).status).toBe(401)
    expect(sent).toHaveLength(1)
    expect(nonces).toEqual([[`${origin}/orders?page=2`, 'wanted']])
    expect(reported).toEqual([])
  })

  test('sends nothing when no proof can be made, and calls that no failure of the network', async () => {
    const error = new Error('no key')
    const createProof = () => Promise.reject(error)
    const token = createAccessToken({ accessToken: 'a', tokenType: 'DPoP', receivedAt: startedAt }, 1, createProof)
    const { sender, reported } = createPort({ tokens: [token] })
    const { sendable, sent } = createRequest([])
    await expect(sendWithToken(sender, sendable)).rejects.toBe(error)
    expect(sent).toEqual([])
    expect(reported).toEqual([])
  })
})

test.each([
  [403, true],
  [459, true],
  [403, false],
  [459, false],
])('takes %i for a rejection only if it is listed: %s', async (status, isListed) => {
  const { sender } = createPort({ rejectedStatuses: new Set(isListed ? [status] : []) })
  const refused = () => Object.defineProperty(new Response(null, { status: 403 }), 'status', { value: status })
  const { sendable, sent } = createRequest([refused(), refused()])
  await sendWithToken(sender, sendable)
  expect(sent).toHaveLength(isListed ? 2 : 1)
})

test.each([
  ['another origin', 'https://other.example/', 1],
  ['the same origin', 'https://api.example/elsewhere', 2],
])('counts a 401 from %s after a redirect accordingly', async (_name, url, sends) => {
  const { sender, reported } = createPort({})
  const { sendable, sent } = createRequest([redirected(refusal(), url), new Response('fine')])
  await sendWithToken(sender, sendable)
  expect(sent).toHaveLength(sends)
  expect(reported.some((report) => report.outcome === 'rejected')).toBe(sends === 2)
})

test('reports a network failure and throws it as it is', async () => {
  const { sender, reported } = createPort({})
  const failure = new TypeError('fetch failed')
  const { sendable } = createRequest([failure])
  await expect(sendWithToken(sender, sendable)).rejects.toBe(failure)
  expect(reported).toEqual([{ outcome: 'networkFailed', origin, generation: 1 }])
})

test("does not take the caller's own abort for a network failure", async () => {
  const { sender, reported } = createPort({})
  const { sendable } = createRequest([new Error('aborted')], { signal: AbortSignal.abort() })
  await expect(sendWithToken(sender, sendable)).rejects.toThrow('aborted')
  expect(reported).toEqual([])
})

test.each([
  ['reads what is short to its end', { 'content-length': '7' }, false],
  ['cancels what is long', { 'content-length': '100000' }, true],
  ['cancels what may be long', {}, true],
])('%s of a rejected response before the second', async (_name, headers, isCancelled) => {
  const { sender } = createPort({})
  const ends: string[] = []
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        ends.push('read')
        controller.enqueue(new TextEncoder().encode('refused'))
        controller.close()
      },
      cancel: () => void ends.push('cancelled'),
    },
    { highWaterMark: 0 },
  )
  const { sendable } = createRequest([new Response(body, { status: 401, headers }), new Response('fine')])
  expect(await (await sendWithToken(sender, sendable)).text()).toBe('fine')
  expect(ends).toEqual([isCancelled ? 'cancelled' : 'read'])
})
