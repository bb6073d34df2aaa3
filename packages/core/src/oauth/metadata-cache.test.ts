import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { holdPort } from '../../../../test/authorization-server/held-port.ts'
import { eventually } from '../../../../test/support/eventually.ts'
import { platformFetch as fetch } from './http.ts'
import { forgetMetadata, getMetadata } from './metadata-cache.ts'

const openIdPath = '/.well-known/openid-configuration'
const oauthPath = '/.well-known/oauth-authorization-server'

const servers: http.Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

type Answer = (request: http.IncomingMessage, response: http.ServerResponse, issuer: string) => void

/** A server and the paths it was asked for. */
async function start(answer: Answer): Promise<{ issuer: string; paths: string[] }> {
  const paths: string[] = []
  let issuer = ''
  const server = http.createServer((request, response) => {
    paths.push(request.url ?? '')
    answer(request, response, issuer)
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { issuer, paths }
}

const serveMetadata: Answer = (_request, response, issuer) => {
  response.end(JSON.stringify({ issuer, token_endpoint: `${issuer}/token` }))
}

const { signal } = new AbortController()

it('asks once, whoever asks and however many at once', async () => {
  const { issuer, paths } = await start(serveMetadata)
  const discoveries = await Promise.all(Array.from({ length: 50 }, () => getMetadata(issuer, { fetch, signal })))
  expect(discoveries.every(({ kind }) => kind === 'found')).toBe(true)
  expect(await getMetadata(issuer, { fetch, signal })).toMatchObject({ kind: 'found' })
  expect(paths).toEqual([openIdPath])
})

it('asks again once it has been told to forget', async () => {
  const { issuer, paths } = await start(serveMetadata)
  await getMetadata(issuer, { fetch, signal })
  forgetMetadata(issuer)
  await getMetadata(issuer, { fetch, signal })
  expect(paths).toHaveLength(2)
})

it('keeps no failure', async () => {
  let isDown = true
  const { issuer } = await start((request, response, url) => {
    if (!isDown) return serveMetadata(request, response, url)
    response.statusCode = 503
    response.end()
  })
  expect(await getMetadata(issuer, { fetch, signal })).toMatchObject({ kind: 'failed' })
  isDown = false
  expect(await getMetadata(issuer, { fetch, signal })).toMatchObject({ kind: 'found' })
})

it('remembers a hundred issuers and forgets the one unused for longest', async () => {
  const { issuer, paths } = await start((request, response, url) => {
    const path = (request.url ?? '').slice(0, -openIdPath.length)
    response.end(JSON.stringify({ issuer: url + path, token_endpoint: `${url}/token` }))
  })
  const ask = (name: string) => getMetadata(issuer + name, { fetch, signal })
  await ask('/first')
  for (let count = 1; count < 100; count += 1) await ask(`/tenant-${count}`)
  await ask('/first')
  await ask('/one-more')
  expect(paths).toHaveLength(101)
  await ask('/first')
  expect(paths).toHaveLength(101)
  await ask('/tenant-1')
  expect(paths).toHaveLength(102)
})

it('takes OAuth’s document where OpenID Connect’s is not', async () => {
  const { issuer, paths } = await start((request, response, url) => {
    if (request.url === oauthPath) return serveMetadata(request, response, url)
    response.statusCode = 404
    response.end('<html>')
  })
  expect(await getMetadata(issuer, { fetch, signal })).toMatchObject({ kind: 'found' })
  expect(paths).toEqual([openIdPath, oauthPath])
})

it('finds the documents of an issuer with a path, each where its standard says', async () => {
  const { issuer, paths } = await start((request, response, url) => {
    if (request.url !== `${oauthPath}/tenant`) return response.writeHead(404).end()
    return response.end(JSON.stringify({ issuer: `${url}/tenant`, token_endpoint: `${url}/token` }))
  })
  const discovery = await getMetadata(`${issuer}/tenant`, { fetch, signal })
  expect(discovery).toMatchObject({ kind: 'found', metadata: { issuer: `${issuer}/tenant` } })
  expect(paths).toEqual([`/tenant${openIdPath}`, `${oauthPath}/tenant`])
})

it.each<[string, Answer]>([
  ['a 404', (_, response) => response.writeHead(404).end()],
  ['a 502', (_, response) => response.writeHead(502).end('Bad Gateway')],
  ['a 429', (_, response) => response.writeHead(429).end()],
  ['a page', (_, response) => response.end('<html>')],
  ['a reset', (request) => request.socket.resetAndDestroy()],
  [
    'a cut body',
    (request, response) => response.writeHead(200, { 'content-length': 9 }).write('{', () => request.socket.destroy()),
  ],
  ['a document without token endpoint', (_, response, issuer) => response.end(JSON.stringify({ issuer }))],
  ['the document of another issuer', (_, response) => response.end('{"issuer":"https://evil.example"}')],
  ['a redirect to another server', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
  ['a redirect to itself', (_, response) => response.writeHead(302, { location: openIdPath }).end()],
])('goes on to the next well-known place after %s', async (_name, answer) => {
  const { issuer, paths } = await start((request, response, url) =>
    request.url === oauthPath ? serveMetadata(request, response, url) : answer(request, response, url),
  )
  expect(await getMetadata(issuer, { fetch, signal })).toMatchObject({ kind: 'found' })
  expect(paths.at(-1)).toBe(oauthPath)
})

it.each([`/tenant${openIdPath}`, `${oauthPath}/tenant`, `${openIdPath}/tenant`, `/tenant${oauthPath}`])(
  'finds the document of an issuer with a path at %s',
  async (place) => {
    const { issuer } = await start((request, response, url) => {
      if (request.url !== place) return response.writeHead(404).end()
      return response.end(JSON.stringify({ issuer: `${url}/tenant`, token_endpoint: `${url}/token` }))
    })
    expect(await getMetadata(`${issuer}/tenant`, { fetch, signal })).toMatchObject({ kind: 'found' })
  },
)

it('follows redirects within the origin of the issuer', async () => {
  const { issuer, paths } = await start((request, response, url) => {
    if (request.url === openIdPath) return response.writeHead(301, { location: `${openIdPath}/` }).end()
    if (request.url === `${openIdPath}/`) return response.writeHead(307, { location: `${url}/document` }).end()
    return serveMetadata(request, response, url)
  })
  expect(await getMetadata(issuer, { fetch, signal })).toMatchObject({ kind: 'found' })
  expect(paths).toEqual([openIdPath, `${openIdPath}/`, '/document'])
})

it('follows redirects in a browser, which hides where they lead', async () => {
  const { issuer } = await start((request, response, url) => {
    if (request.url === openIdPath) return response.writeHead(301, { location: '/document' }).end()
    return serveMetadata(request, response, url)
  })
  const inBrowser: typeof fetch = async (url, init) => {
    const response = await fetch(url, init)
    return response.status === 301
      ? Object.defineProperty(Response.error(), 'type', { value: 'opaqueredirect' })
      : response
  }
  expect(await getMetadata(issuer, { fetch: inBrowser, signal })).toMatchObject({ kind: 'found' })
})

it('asks no other place of a server that cannot be connected to', async () => {
  const urls: string[] = []
  const counted: typeof fetch = (url, init) => {
    urls.push(url)
    return fetch(url, init)
  }
  using held = await holdPort()
  const discovery = await getMetadata(`http://127.0.0.1:${held.port}/tenant`, { fetch: counted, signal })
  expect(discovery).toMatchObject({ kind: 'failed', code: 'ECONNREFUSED' })
  expect(urls).toHaveLength(1)
})

it('says what it asked and what came, and which option helps where nothing is published', async () => {
  const { issuer } = await start((_request, response) => response.writeHead(404).end())
  const nowhere = await getMetadata(issuer, { fetch, signal })
  expect(nowhere).toMatchObject({
    failure: { detail: expect.stringMatching(`^${issuer}${openIdPath} answered 404; .* option \`metadata\`$`) },
  })
  const { issuer: other } = await start((_request, response) => response.end('{"issuer":"https://b.example"}'))
  const detail = `${other}${openIdPath} names the issuer "https://b.example", not "${other}/"`
  expect(await getMetadata(other, { fetch, signal })).toMatchObject({
    code: 'discoveryIssuerMismatch',
    failure: { detail: expect.stringContaining(detail) },
  })
})

it.each([
  ['/common/v2.0', '/{tenantid}/v2.0'],
  ['/organizations/v2.0', '/{tenantid}/v2.0'],
  ['/consumers/v2.0', '/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0'],
  ['/contoso.example/v2.0', '/{tenantid}/v2.0'],
])('P92 takes the document of a server of many tenants: %s for %s', async (asked, named) => {
  const { issuer } = await start((_request, response, url) => {
    response.end(JSON.stringify({ issuer: url + named, token_endpoint: `${url}/token` }))
  })
  expect(await getMetadata(issuer + asked, { fetch, signal })).toMatchObject({ kind: 'found' })
})

it.each([
  ['/a/v2.0', '/b/v2.0'],
  ['/common/v2.0', '/{tenantid}/v1.0'],
  ['/common/v2.0', '/b/c/v2.0'],
])('P92 takes no document of another issuer for that: %s for %s', async (asked, named) => {
  const { issuer } = await start((_request, response, url) => {
    response.end(JSON.stringify({ issuer: url + named, token_endpoint: `${url}/token` }))
  })
  expect(await getMetadata(issuer + asked, { fetch, signal })).toMatchObject({ code: 'discoveryIssuerMismatch' })
})

it('P86 is never answered from a cache', async () => {
  const { issuer } = await start(serveMetadata)
  const caches: unknown[] = []
  const watched: typeof fetch = (url, init) => {
    caches.push(init.cache)
    return fetch(url, init)
  }
  await getMetadata(issuer, { fetch: watched, signal })
  expect(caches).toEqual(['no-store'])
})

it.each([
  ['/tenant/', '/tenant'],
  ['/tenant', '/tenant/'],
  ['/', ''],
  ['', '/'],
])('minds no slash at the end: %s for %s', async (asked, named) => {
  const { issuer, paths } = await start((_request, response, url) => {
    response.end(JSON.stringify({ issuer: url + named, token_endpoint: `${url}/token` }))
  })
  const discovery = await getMetadata(issuer + asked, { fetch, signal })
  expect(discovery).toMatchObject({ kind: 'found', metadata: { issuer: issuer + named } })
  expect(paths).toEqual([`${asked.replace(/\/$/, '')}${openIdPath}`])
})

describe('metadata that is old', () => {
  const minute = 60_000
  const hour = 60 * minute

  /** An issuer that counts its documents, with a clock; `isDown` makes it fail. */
  async function startCounting() {
    let time = 1_700_000_000_000
    const state = { isDown: false }
    /** Without those for the other well-known place, which has nothing. */
    const paths: string[] = []
    const { issuer } = await start((request, response, url) => {
      if (request.url !== openIdPath) return response.writeHead(404).end()
      paths.push(request.url)
      if (state.isDown) return response.writeHead(503).end()
      return response.end(JSON.stringify({ issuer: url, token_endpoint: `${url}/token/${paths.length}` }))
    })
    /** The token endpoint's number after some time has passed. */
    async function askAfter(milliseconds: number) {
      time += milliseconds
      const discovery = await getMetadata(issuer, { fetch, signal, now: () => time })
      return discovery.kind === 'found' ? Number(discovery.metadata.token_endpoint.split('/').at(-1)) : discovery.code
    }
    const requests = (count: number) =>
      eventually(() => paths.length >= count, { description: `${count} requests` }).then(() => paths.length)
    return { askAfter, requests, paths, state }
  }

  it('is fetched anew after an hour, not 1 ms before, while what there is serves', async () => {
    const { askAfter, requests, paths } = await startCounting()
    expect(await askAfter(0)).toBe(1)
    expect(await askAfter(hour)).toBe(1)
    expect(paths).toHaveLength(1)
    expect(await askAfter(1)).toBe(1)
    await requests(2)
    await eventually(async () => (await askAfter(0)) === 2, { description: 'the new document' })
    expect(await askAfter(hour)).toBe(2)
    expect(paths).toHaveLength(2)
  })

  it('goes on serving while it cannot be fetched, and is asked for once a minute at the most', async () => {
    const { askAfter, requests, paths, state } = await startCounting()
    await askAfter(0)
    state.isDown = true
    for (let count = 0; count < 20; count += 1) expect(await askAfter(count === 0 ? 2 * hour : 1)).toBe(1)
    expect(await requests(2)).toBe(2)
    // Whoever asks while the failure is still on its way shares it.
    const isAskedAgain = async () => paths.length > 2 || ((await askAfter(minute + 1)) === 1 && paths.length > 2)
    await eventually(isAskedAgain, { description: 'another request, a minute later' })
  })

  it('serves no longer than a day', async () => {
    const { askAfter, state } = await startCounting()
    await askAfter(0)
    expect(await askAfter(24 * hour)).toBe(1)
    state.isDown = true
    expect(await askAfter(24 * hour + 1)).toBe('discoveryStatus503')
    state.isDown = false
    expect(await askAfter(0)).toEqual(expect.any(Number))
  })

  it('is no fresher because the clock was set back', async () => {
    const { askAfter, requests } = await startCounting()
    await askAfter(0)
    expect(await askAfter(-2 * hour)).toBe(1)
    await requests(2)
  })
})

describe('a signal', () => {
  it('ends the wait of its owner alone', async () => {
    const asked = Promise.withResolvers<() => void>()
    const { issuer, paths } = await start((...exchange) => asked.resolve(() => serveMetadata(...exchange)))
    const impatient = new AbortController()
    const first = getMetadata(issuer, { fetch, signal: impatient.signal })
    const second = getMetadata(issuer, { fetch, signal })
    const answer = await asked.promise
    impatient.abort()
    expect(await first).toMatchObject({ kind: 'failed', failure: { kind: 'transport', sent: 'no', code: 'timeout' } })
    answer()
    expect(await second).toMatchObject({ kind: 'found' })
    expect(paths).toHaveLength(1)
  })

  it('ends the request when nobody waits any longer, and the next one asks anew', async () => {
    const closed = Promise.withResolvers<void>()
    const impatient = new AbortController()
    const { issuer, paths } = await start((request, response, url) => {
      if (paths.length > 1) return serveMetadata(request, response, url)
      response.once('close', () => closed.resolve())
      impatient.abort()
    })
    await getMetadata(issuer, { fetch, signal: impatient.signal })
    await closed.promise
    expect(await getMetadata(issuer, { fetch, signal })).toMatchObject({ kind: 'found' })
  })
})

describe('a failure ends no session: nothing was sent to the token endpoint', () => {
  const unavailable = { kind: 'unavailable', sent: 'no' }

  it.each<[string, Answer, object, string]>([
    [
      'a 404',
      (_, response) => response.writeHead(404).end(),
      { ...unavailable, code: 'blocked' },
      'discoveryStatus404',
    ],
    [
      'an OAuth error',
      (_, response) => response.writeHead(400).end('{"error":"invalid_grant"}'),
      {
        ...unavailable,
        code: 'blocked',
      },
      'discoveryStatus400',
    ],
    [
      'a redirect',
      (_, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
      {
        ...unavailable,
        code: 'blocked',
      },
      'discoveryStatus302',
    ],
    [
      'a 503',
      (_, response) => response.writeHead(503, { 'retry-after': '7' }).end(),
      {
        ...unavailable,
        code: 'server',
        retryAfter: '7',
      },
      'discoveryStatus503',
    ],
    [
      'a 503 until a time by another clock',
      (_, response) => {
        const date = 'Sun, 06 Nov 1994 08:49:37 GMT'
        response.writeHead(503, { date, 'retry-after': 'Sun, 06 Nov 1994 08:49:47 GMT' }).end()
      },
      {
        ...unavailable,
        code: 'server',
        retryAfter: '10',
      },
      'discoveryStatus503',
    ],
    [
      'a 429',
      (_, response) => response.writeHead(429).end(),
      { ...unavailable, code: 'throttled' },
      'discoveryStatus429',
    ],
    ['a page', (_, response) => response.end('<html>'), { ...unavailable, code: 'blocked' }, 'discoveryUnreadable'],
    [
      'another issuer',
      (_, response) => response.end('{"issuer":"https://evil.example","token_endpoint":"https://evil.example/"}'),
      {
        ...unavailable,
        code: 'server',
      },
      'discoveryIssuerMismatch',
    ],
    [
      'no token endpoint',
      (_, response, issuer) => response.end(JSON.stringify({ issuer })),
      {
        ...unavailable,
        code: 'blocked',
      },
      'discoveryWithoutTokenEndpoint',
    ],
    [
      'a token endpoint over plain http',
      (_, response, issuer) => {
        response.end(JSON.stringify({ issuer, token_endpoint: 'http://login.example/token' }))
      },
      { ...unavailable, code: 'blocked' },
      'discoveryWithoutTokenEndpoint',
    ],
    [
      'a reset',
      (request) => request.socket.resetAndDestroy(),
      {
        kind: 'transport',
        sent: 'no',
        code: 'ECONNRESET',
      },
      'ECONNRESET',
    ],
    [
      'a cut body',
      (request, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('{', () => request.socket.destroy())
      },
      { kind: 'transport', sent: 'no', code: 'discoveryCut' },
      'discoveryCut',
    ],
  ])('%s', async (_name, answer, failure, code) => {
    const { issuer } = await start(answer)
    expect(await getMetadata(issuer, { fetch, signal })).toMatchObject({ kind: 'failed', failure, code })
  })
})
