import { expect, test } from 'vitest'
import { isConfigurationError } from '../errors/configuration-error.ts'
import { createAccessToken } from '../token/access-token.ts'
import { type AuthorizedFetchOptions, createAuthorizedFetch } from './authorized-fetch.ts'
import type { FetchInit } from './request-options.ts'
import type { RequestPort } from './request-port.ts'

interface Sent {
  readonly input: unknown
  readonly init: FetchInit | undefined
  readonly request: Request
}

/** An authorized fetch over one that notes what it is given and answers 401 to the first `rejections` requests. */
function createTestFetch(
  { header = 'Authorization', rejections = 0 }: { header?: string; rejections?: number } = {},
  options: AuthorizedFetchOptions = {},
) {
  let generation = 1
  const current = () =>
    createAccessToken({ accessToken: `${generation}`, tokenType: 'Bearer', receivedAt: 0 }, generation)
  const port: RequestPort = {
    peekAccessToken: current,
    getAccessToken: async () => current(),
    reportOutcome(outcome) {
      if (outcome.outcome === 'rejected') generation += 1
    },
    isRefusedAfterRefresh: () => false,
    rememberNonce: () => {},
    now: () => 0,
    allowedOrigins: new Set(['https://api.example']),
    header,
    scheme: undefined,
    rejectedStatuses: new Set(),
  }
  const sent: Sent[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    sent.push({ input, init, request: new Request(input, init) })
    return new Response(null, { status: sent.length <= rejections ? 401 : 200 })
  }
  return { sent, authorizedFetch: createAuthorizedFetch(port, { fetch, ...options }) }
}

test.each([
  ['an origin that is not listed', 'https://other.example/', { method: 'POST', body: 'text' }],
  ["the app's own header", 'https://api.example/', { headers: { AUTHORIZATION: 'Basic abc' } }],
])('passes a request to %s on as it is', async (_name, url, init) => {
  const { authorizedFetch, sent } = createTestFetch()
  await authorizedFetch(url, init)
  expect(sent[0]?.input).toBe(url)
  expect(sent[0]?.init).toBe(init)
})

test.each([
  ['a URL', 'https://api.example/'],
  ['a Request', new Request('https://api.example/')],
])("calls fetch as nobody's method for %s, which a browser's insists on", async (_name, target) => {
  const callers: unknown[] = []
  const { authorizedFetch } = createTestFetch(
    {},
    {
      async fetch(this: unknown) {
        callers.push(this)
        return new Response()
      },
    },
  )
  await authorizedFetch(target)
  expect(callers).toEqual([undefined])
})

test("passes a Request with the app's own header on as it is", async () => {
  const { authorizedFetch, sent } = createTestFetch()
  const request = new Request('https://api.example/', { headers: { authorization: 'Basic abc' } })
  await authorizedFetch(request)
  expect(sent[0]?.input).toBe(request)
  expect(sent[0]?.init).toBeUndefined()
})

test('puts the token on no object of the caller', async () => {
  const { authorizedFetch, sent } = createTestFetch()
  const init = { headers: new Headers({ accept: '*/*' }) }
  const request = new Request('https://api.example/')
  await authorizedFetch('https://api.example/', init)
  await authorizedFetch(request)
  expect(init.headers.has('authorization')).toBe(false)
  expect(request.headers.has('authorization')).toBe(false)
  expect(sent.map((each) => each.request.headers.get('authorization'))).toEqual(['Bearer 1', 'Bearer 1'])
})

test('fetches the address that it has judged, even of an object that changes', async () => {
  const { authorizedFetch, sent } = createTestFetch()
  const addresses = ['https://api.example/', 'https://other.example/']
  await authorizedFetch({ toString: () => addresses.shift() ?? '' } as unknown as URL)
  expect(sent[0]?.request.url).toBe('https://api.example/')
})

test('sends the headers of the first send again, though the caller has changed them', async () => {
  const { authorizedFetch, sent } = createTestFetch({ rejections: 1 })
  const headers: Record<string, string> = { 'x-request': 'first' }
  const response = authorizedFetch('https://api.example/', { headers })
  headers['x-request'] = 'second'
  await response
  expect(sent.map((each) => each.request.headers.get('x-request'))).toEqual(['first', 'first'])
})

test('leaves the headers of the first send to whoever got them', async () => {
  const { authorizedFetch, sent } = createTestFetch({ rejections: 1 })
  await authorizedFetch('https://api.example/')
  expect(sent.map(({ init }) => new Headers(init?.headers).get('authorization'))).toEqual(['Bearer 1', 'Bearer 2'])
})

test('keeps options that it does not know, and those of a Request, on both sends', async () => {
  const { authorizedFetch, sent } = createTestFetch({ rejections: 1 })
  const request = new Request('https://api.example/', {
    method: 'PUT',
    referrer: 'https://app.example/page',
    referrerPolicy: 'origin',
    credentials: 'include',
    cache: 'no-store',
    integrity: 'sha256-abc',
    keepalive: true,
  })
  await authorizedFetch(request, { next: { revalidate: 60 } } as RequestInit)
  expect(sent).toHaveLength(2)
  for (const { init, request: copy } of sent) {
    expect(init).toMatchObject({ next: { revalidate: 60 } })
    for (const name of [
      'method',
      'referrer',
      'referrerPolicy',
      'credentials',
      'cache',
      'integrity',
      'keepalive',
    ] as const) {
      expect(copy[name]).toBe(request[name])
    }
  }
})

test('reads options that are getters, such as those of another Request', async () => {
  const { authorizedFetch, sent } = createTestFetch()
  const options = new Request('https://other.example/', { method: 'POST', body: 'text', headers: { 'x-own': 'a' } })
  await authorizedFetch('https://api.example/', options)
  const copy = sent[0]?.request
  expect(copy?.method).toBe('POST')
  expect(copy?.headers.get('x-own')).toBe('a')
  expect(await copy?.text()).toBe('text')
})

const stream = () => new Blob(['text']).stream()
test.each([
  ['a text', { body: 'text' }, 2, 'follow'],
  ['a stream', { body: stream() }, 1, 'error'],
  ['a stream whose caller wants to see redirects', { body: stream(), redirect: 'manual' as const }, 1, 'manual'],
])(
  'sends %s as often as it can, and follows redirects only with what can be sent twice',
  async (_name, init, sends, redirect) => {
    const { authorizedFetch, sent } = createTestFetch({ rejections: 1 })
    await authorizedFetch('https://api.example/', { method: 'POST', ...init })
    expect(sent).toHaveLength(sends)
    expect(sent[0]?.request.redirect).toBe(redirect)
  },
)

test('follows no redirect with a header of its own, since fetch would take it along', async () => {
  const { authorizedFetch, sent } = createTestFetch({ header: 'X-Token' })
  await authorizedFetch('https://api.example/')
  await authorizedFetch('https://api.example/', { redirect: 'manual' })
  expect(sent.map((each) => each.request.redirect)).toEqual(['error', 'manual'])
  expect(sent[0]?.request.headers.get('x-token')).toBe('Bearer 1')
})

test('sends the body inside a Request once', async () => {
  const { authorizedFetch, sent } = createTestFetch({ rejections: 1 })
  const response = await authorizedFetch(new Request('https://api.example/', { method: 'POST', body: 'text' }))
  expect(response.status).toBe(401)
  expect(sent).toHaveLength(1)
})

test.each([0, 1])('clones the body inside a Request where asked to (%i rejections)', async (rejections) => {
  const { authorizedFetch, sent } = createTestFetch({ rejections }, { cloneRequestBodies: true })
  const request = new Request('https://api.example/', { method: 'POST', body: 'text' })
  const response = await authorizedFetch(request)
  expect(response.status).toBe(200)
  expect(await Promise.all(sent.map((each) => each.request.text()))).toEqual(Array(rejections + 1).fill('text'))
  expect(request.bodyUsed).toBe(true)
})

test('takes the fetch of the moment when none is given', async () => {
  const { authorizedFetch } = createTestFetch({}, { fetch: undefined })
  const before = globalThis.fetch
  try {
    globalThis.fetch = async () => new Response('replaced')
    expect(await (await authorizedFetch('https://api.example/')).text()).toBe('replaced')
  } finally {
    globalThis.fetch = before
  }
})

test.each([
  ['options', 'fetch'],
  ['options', null],
  ['fetch', { fetch: 'fetch' }],
  ['cloneRequestBodies', { cloneRequestBodies: 1 }],
])('refuses a malformed option %s: %j', (option, options) => {
  try {
    createAuthorizedFetch({} as RequestPort, options as AuthorizedFetchOptions)
    expect.unreachable()
  } catch (error) {
    expect(isConfigurationError(error) && error.option).toBe(option)
  }
})
