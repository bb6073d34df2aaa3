import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { holdPort } from '../../../../test/authorization-server/held-port.ts'
import { isConfigurationError } from '../errors/configuration-error.ts'
import type { Grant, GrantDebugEntry, GrantRequest } from '../token/grant.ts'
import { clientSecretBasic, clientSecretPost } from './client-authentication.ts'
import { type RefreshTokenGrantOptions, refreshTokenGrant } from './refresh-token-grant.ts'
import { authorizationServer } from './server.ts'

const servers: net.Server[] = []
const sockets = new Set<net.Socket>()

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  for (const socket of sockets) socket.destroy()
  sockets.clear()
})

async function listen(server: net.Server): Promise<string> {
  servers.push(server)
  server.on('connection', (socket: net.Socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`
}

interface ReceivedRequest {
  readonly path: string
  readonly authorization: string | undefined
  readonly parameters: URLSearchParams
  readonly body: string
  readonly contentType: string | undefined
  readonly userAgent: string | undefined
}

type Answer = (response: http.ServerResponse, request: http.IncomingMessage, issuer: string) => void

/** An authorization server that publishes its metadata and answers token requests as told. */
async function start(answer: Answer): Promise<{ issuer: string; requests: ReceivedRequest[] }> {
  const requests: ReceivedRequest[] = []
  const server = http.createServer(async (request, response) => {
    if (request.method === 'GET') {
      response.end(
        JSON.stringify({ issuer, token_endpoint: `${issuer}/token`, revocation_endpoint: `${issuer}/revoke` }),
      )
      return
    }
    let body = ''
    for await (const chunk of request) body += chunk
    const { authorization, 'content-type': contentType, 'user-agent': userAgent } = request.headers
    const parameters = new URLSearchParams(body)
    requests.push({ path: request.url ?? '', authorization, parameters, body, contentType, userAgent })
    answer(response, request, issuer)
  })
  const issuer = await listen(server)
  return { issuer, requests }
}

function send(grant: Grant, request: Partial<GrantRequest> = {}) {
  return grant.refresh({
    refreshToken: 'refresh-token-1',
    signal: AbortSignal.timeout(10_000),
    now: Date.now,
    ...request,
  })
}

const issue: Answer = (response) => {
  response.end(
    '{"access_token":"access-token-2","token_type":"Bearer","expires_in":60,"refresh_token":"refresh-token-2"}',
  )
}

describe('the request', () => {
  it('of a public client carries its id and the refresh token', async () => {
    const { issuer, requests } = await start(issue)
    const outcome = await send(refreshTokenGrant({ issuer, clientId: 'app' }), { now: () => 1000 })
    expect(outcome).toEqual({
      kind: 'issued',
      receivedAt: 1000,
      tokenSet: { accessToken: 'access-token-2', tokenType: 'Bearer', expiresIn: 60, refreshToken: 'refresh-token-2' },
    })
    expect(requests).toHaveLength(1)
    expect(requests[0]?.authorization).toBeUndefined()
    expect(Object.fromEntries(requests[0]?.parameters ?? [])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-token-1',
      client_id: 'app',
    })
  })

  it.each([
    ['clientSecret', { clientSecret: 'a secret:with+odd%characters' }],
    ['clientSecretBasic', { clientAuthentication: clientSecretBasic('a secret:with+odd%characters') }],
  ])('of a client with a secret carries it in the header: %s', async (_name, options) => {
    const { issuer, requests } = await start(issue)
    await send(refreshTokenGrant({ issuer, clientId: 'app', ...options }))
    const [id, secret] = atob(requests[0]?.authorization?.replace('Basic ', '') ?? '').split(':')
    expect(id).toBe('app')
    expect(decodeURIComponent(secret?.replaceAll('+', ' ') ?? '')).toBe('a secret:with+odd%characters')
    expect(requests[0]?.parameters.has('client_secret')).toBe(false)
  })

  it('of a client that posts its secret carries it in the body', async () => {
    const { issuer, requests } = await start(issue)
    await send(refreshTokenGrant({ issuer, clientId: 'app', clientAuthentication: clientSecretPost('the-secret') }))
    expect(requests[0]?.parameters.get('client_secret')).toBe('the-secret')
    expect(requests[0]?.authorization).toBeUndefined()
  })

  it('carries scope and each resource', async () => {
    const { issuer, requests } = await start(issue)
    const resource = ['https://one.example/', 'https://other.example/api']
    await send(refreshTokenGrant({ issuer, clientId: 'app', scope: 'openid api', resource }))
    expect(requests[0]?.parameters.get('scope')).toBe('openid api')
    expect(requests[0]?.parameters.getAll('resource')).toEqual(resource)
  })

  it('carries what else the app wants to say', async () => {
    const { issuer, requests } = await start(issue)
    await send(refreshTokenGrant({ issuer, clientId: 'app', extraParameters: { audience: 'https://api.example' } }))
    expect(requests[0]?.parameters.get('audience')).toBe('https://api.example')
  })

  it('carries a secret in base64url as it is, and what is not form-safe encoded', async () => {
    const { issuer, requests } = await start(issue)
    await send(refreshTokenGrant({ issuer, clientId: 'an-app_1.2*', clientSecret: 'a-b_c.d*e f:%' }))
    expect(atob(requests[0]?.authorization?.replace('Basic ', '') ?? '')).toBe('an-app_1.2*:a-b_c.d*e+f%3A%25')
  })

  it('is JSON for a server that takes no form', async () => {
    const { issuer, requests } = await start(issue)
    const clientAuthentication = clientSecretPost('the-secret')
    const options = { issuer, clientId: 'app', clientAuthentication, tokenRequestFormat: 'json' } as const
    expect(await send(refreshTokenGrant(options))).toMatchObject({ kind: 'issued' })
    const [request] = requests
    expect(request?.contentType).toBe('application/json')
    expect(JSON.parse(request?.body ?? '')).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-token-1',
      client_id: 'app',
      client_secret: 'the-secret',
    })
  })

  it('P86 is never answered from a cache, nor redirected', async () => {
    const inits: RequestInit[] = []
    const fetch = (url: string, init: RequestInit) => {
      inits.push(init)
      return globalThis.fetch(url, init)
    }
    const { issuer } = await start(issue)
    await send(refreshTokenGrant({ issuer, clientId: 'app', fetch }))
    expect(inits.map(({ method, cache, redirect }) => [method, cache, redirect])).toEqual([
      ['GET', 'no-store', 'manual'],
      ['POST', 'no-store', 'manual'],
    ])
  })

  it('names the library, or what the app says, outside browsers', async () => {
    const { issuer, requests } = await start(issue)
    await send(refreshTokenGrant({ issuer, clientId: 'app' }))
    await send(refreshTokenGrant({ issuer, clientId: 'app', userAgent: 'acme/7' }))
    expect(requests.map(({ userAgent }) => userAgent)).toEqual([expect.stringMatching(/^authchart\/./), 'acme/7'])
    vi.stubGlobal('navigator', { userAgent: 'Mozilla/5.0 (X11; Linux x86_64)' })
    await send(refreshTokenGrant({ issuer, clientId: 'app', userAgent: 'acme/7' }))
    vi.unstubAllGlobals()
    expect(requests[2]?.userAgent).not.toBe('acme/7')
  })

  it('goes where the given metadata says, without discovery', async () => {
    const { issuer, requests } = await start(issue)
    const metadata = { issuer: 'https://login.example', token_endpoint: `${issuer}/elsewhere` }
    const grant = refreshTokenGrant({ clientId: 'app', metadata })
    expect(grant.identity).toEqual({ issuer: 'https://login.example', clientId: 'app' })
    expect(await send(grant)).toMatchObject({ kind: 'issued' })
    expect(requests.map(({ path }) => path)).toEqual(['/elsewhere'])
  })

  it('goes through the given fetch', async () => {
    const urls: string[] = []
    const { issuer } = await start(issue)
    const fetch = (url: string, init: RequestInit) => {
      urls.push(url)
      return globalThis.fetch(url, init)
    }
    await send(refreshTokenGrant({ issuer: `${issuer}/`, clientId: 'app', fetch }))
    expect(urls).toEqual([`${issuer}/.well-known/openid-configuration`, `${issuer}/token`])
  })

  it('is sent once, whatever comes', async () => {
    const { issuer, requests } = await start((response) => response.writeHead(503, { 'retry-after': '0' }).end())
    await send(refreshTokenGrant({ issuer, clientId: 'app' }))
    expect(requests).toHaveLength(1)
  })
})

describe('P30 an answer that is no token set is told as it came', () => {
  const json = { 'content-type': 'application/json' }
  const challenge = { 'www-authenticate': 'Bearer error="invalid_token"' }

  it.each<[string, Answer, object]>([
    [
      'invalid_grant',
      (response) => response.writeHead(400, json).end('{"error":"invalid_grant"}'),
      {
        kind: 'answer',
        status: 400,
        contentType: 'application/json',
        complete: true,
        body: { error: 'invalid_grant' },
      },
    ],
    [
      'an error under a challenge',
      (response) => response.writeHead(401, challenge).end('{"error":"invalid_client"}'),
      {
        kind: 'answer',
        status: 401,
        complete: true,
        body: { error: 'invalid_client' },
      },
    ],
    [
      'form-encoded',
      (response) => response.writeHead(400).end('error=invalid_grant'),
      {
        kind: 'answer',
        status: 400,
        complete: true,
        body: { error: 'invalid_grant' },
      },
    ],
    [
      'a page of HTML',
      (response) => response.writeHead(403, { 'content-type': 'text/html' }).end('<html>no</html>'),
      {
        kind: 'answer',
        status: 403,
        contentType: 'text/html',
        complete: true,
      },
    ],
    ['an empty 401', (response) => response.writeHead(401).end(), { kind: 'answer', status: 401, complete: true }],
    [
      'a 429',
      (response) => response.writeHead(429, { 'retry-after': '3' }).end('{"error":"slow_down"}'),
      {
        kind: 'answer',
        status: 429,
        retryAfter: '3',
        complete: true,
        body: { error: 'slow_down' },
      },
    ],
    [
      'a redirect',
      (response) => response.writeHead(307, { location: '/elsewhere' }).end(),
      {
        kind: 'answer',
        status: 307,
        complete: true,
      },
    ],
    [
      '200 with broken JSON',
      (response) => response.end('{"access_token":"access-token-2","ref'),
      {
        kind: 'answer',
        status: 200,
        complete: false,
      },
    ],
    [
      '200 without access token',
      (response) => response.end('{"token_type":"Bearer"}'),
      {
        kind: 'answer',
        status: 200,
        complete: true,
      },
    ],
    [
      'a body that is cut',
      (response, request) => {
        response.writeHead(200, { 'content-length': 1000 })
        response.write('{"access_token":"access-token-2"}', () => request.socket.destroy())
      },
      { kind: 'answer', status: 200, complete: false },
    ],
  ])('%s', async (_name, answer, failure) => {
    const { issuer, requests } = await start(answer)
    const outcome = await send(refreshTokenGrant({ issuer, clientId: 'app' }))
    expect(outcome).toMatchObject({ kind: 'failed', failure })
    expect(requests).toHaveLength(1)
  })
})

describe('P30 a connection that ends without an answer', () => {
  function grantFor(origin: string, options: Partial<RefreshTokenGrantOptions> = {}): Grant {
    const metadata = { issuer: 'https://login.example', token_endpoint: `${origin}/token` }
    return refreshTokenGrant({ clientId: 'app', metadata, ...options })
  }

  it('was surely not used when nobody listens', async () => {
    using held = await holdPort()
    expect(await send(grantFor(`http://127.0.0.1:${held.port}`))).toEqual({
      kind: 'failed',
      failure: { kind: 'transport', sent: 'no', code: 'ECONNREFUSED' },
    })
  })

  it('may have been used when it is reset', async () => {
    const origin = await listen(net.createServer((socket) => socket.once('data', () => socket.resetAndDestroy())))
    expect(await send(grantFor(origin))).toEqual({
      kind: 'failed',
      failure: { kind: 'transport', sent: 'unknown', code: 'ECONNRESET' },
    })
  })

  it('may have been used when the signal aborts', async () => {
    const controller = new AbortController()
    const origin = await listen(net.createServer((socket) => socket.once('data', () => controller.abort())))
    expect(await send(grantFor(origin), { signal: controller.signal })).toEqual({
      kind: 'failed',
      failure: { kind: 'transport', sent: 'unknown', code: 'timeout' },
    })
  })

  it('ends at the signal even if the given fetch does not heed it', async () => {
    const controller = new AbortController()
    const fetch = () => {
      controller.abort()
      return new Promise<Response>(() => {})
    }
    expect(await send(grantFor('https://login.example', { fetch }), { signal: controller.signal })).toMatchObject({
      failure: { kind: 'transport', sent: 'unknown', code: 'timeout' },
    })
  })

  it('was not used when the signal had aborted before', async () => {
    expect(await send(grantFor('https://login.example'), { signal: AbortSignal.abort() })).toEqual({
      kind: 'failed',
      failure: { kind: 'transport', sent: 'no', code: 'timeout' },
    })
  })

  it('was not used when the client could not be authenticated', async () => {
    const clientAuthentication = () => {
      throw new Error('the key is gone')
    }
    expect(await send(grantFor('https://login.example', { clientAuthentication }))).toEqual({
      kind: 'failed',
      failure: { kind: 'transport', sent: 'no', code: 'requestNotBuilt' },
    })
  })

  it('was not used when there is no metadata to be had', async () => {
    const issuer = await listen(http.createServer((_request, response) => response.writeHead(503).end()))
    expect(await send(refreshTokenGrant({ issuer, clientId: 'app' }))).toMatchObject({
      kind: 'failed',
      failure: { kind: 'unavailable', sent: 'no', code: 'server', detail: expect.stringContaining(issuer) },
    })
  })

  it('was not used without a refresh token', async () => {
    const request = { signal: new AbortController().signal, now: Date.now }
    expect(await grantFor('https://login.example').refresh(request)).toMatchObject({ failure: { sent: 'no' } })
  })
})

describe('the id token', () => {
  function idToken(claims: object): string {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    return `${encode({ alg: 'RS256' })}.${encode(claims)}.c2lnbmF0dXJl`
  }

  const seconds = Math.floor(Date.now() / 1000)

  it('P49 that does not validate costs no tokens', async () => {
    const { issuer } = await start((response, _request, iss) => {
      const expired = idToken({ iss, sub: 'alice', aud: 'app', iat: 1, exp: 2 })
      response.end(JSON.stringify({ access_token: 'access-token-2', id_token: expired, expires_in: 'soon' }))
    })
    expect(await send(refreshTokenGrant({ issuer, clientId: 'app' }))).toMatchObject({
      kind: 'issued',
      tokenSet: { accessToken: 'access-token-2', expiresIn: 'soon' },
      idToken: { valid: false, code: 'expired', issuer, subject: 'alice' },
    })
  })

  it('tells the issuer as the app wrote it', async () => {
    const { issuer } = await start((response, _request, iss) => {
      const token = idToken({ iss, sub: 'alice', aud: 'app', iat: seconds, exp: seconds + 60 })
      response.end(JSON.stringify({ access_token: 'access-token-2', id_token: token }))
    })
    const grant = refreshTokenGrant({ issuer: `${issuer}/`, clientId: 'app' })
    expect(await send(grant)).toMatchObject({
      idToken: { valid: true, issuer: grant.identity.issuer, subject: 'alice' },
    })
  })
})

describe('a server that was checked once', () => {
  const options = { issuer: 'https://login.example', clientId: 'app', clientSecret: 'canary' }

  it('serves each grant by spreading, and is not checked again', () => {
    const reads: string[] = []
    const ownKeys = (target: object) => {
      reads.push('metadata')
      return Reflect.ownKeys(target)
    }
    const metadata = new Proxy({}, { ownKeys })
    const server = authorizationServer({ ...options, metadata })
    const before = reads.length
    expect(refreshTokenGrant(server).identity).toEqual({ issuer: options.issuer, clientId: 'app' })
    expect(refreshTokenGrant({ ...server, scope: 'a' }).identity).toEqual({ issuer: options.issuer, clientId: 'app' })
    expect(reads).toHaveLength(before)
  })

  it('can be changed by what is set after it, which is checked', () => {
    const server = authorizationServer(options)
    expect(refreshTokenGrant({ ...server, clientId: 'other' }).identity.clientId).toBe('other')
    expect(() => refreshTokenGrant({ ...server, clientId: '' })).toThrow(expect.toSatisfy(isConfigurationError))
    expect(() => refreshTokenGrant({ ...server, scop: 'a' } as never)).toThrow(expect.toSatisfy(isConfigurationError))
  })

  it('keeps its secret to itself, and sends it', async () => {
    const { issuer, requests } = await start(issue)
    const server = authorizationServer({ ...options, issuer })
    expect(inspect(server, { depth: 9, showHidden: true })).not.toContain('canary')
    await send(refreshTokenGrant(server))
    expect(atob(requests[0]?.authorization?.replace('Basic ', '') ?? '')).toBe('app:canary')
  })

  it('is refused as any options are', () => {
    expect(() => authorizationServer({ clientId: 'app' })).toThrow(expect.toSatisfy(isConfigurationError))
    expect(() => authorizationServer({ ...options, scope: 'a' } as never)).toThrow(
      expect.toSatisfy(isConfigurationError),
    )
  })
})

describe('P78 whether the server answers at all', () => {
  it.each([200, 404, 503])('is shown by any answer, such as a %d', async (status) => {
    const issuer = await listen(http.createServer((_request, response) => response.writeHead(status).end()))
    expect(await refreshTokenGrant({ issuer, clientId: 'app' }).isReachable?.({ signal })).toBe(true)
  })

  it('is not shown by none', async () => {
    expect(await refreshTokenGrant({ issuer: 'http://127.0.0.1:9', clientId: 'app' }).isReachable?.({ signal })).toBe(
      false,
    )
  })
})

const { signal } = new AbortController()

it('discovers again after the token endpoint was not where the metadata said', async () => {
  const discoveries: string[] = []
  const { issuer } = await start((response) => response.writeHead(404).end())
  const fetch = (url: string, init: RequestInit) => {
    if (init.method === 'GET') discoveries.push(url)
    return globalThis.fetch(url, init)
  }
  const grant = refreshTokenGrant({ issuer, clientId: 'app', fetch })
  await send(grant)
  await send(grant)
  expect(discoveries).toHaveLength(2)
})

describe('revoking', () => {
  const tokenSet = {
    accessToken: 'access-token-1',
    refreshToken: 'refresh-token-1',
    tokenType: 'Bearer',
    receivedAt: 0,
  }

  it('revokes the refresh token, then the access token', async () => {
    const { issuer, requests } = await start((response) => response.end())
    await refreshTokenGrant({ issuer, clientId: 'app' }).revoke?.(tokenSet, { signal })
    expect(
      requests.map(({ path, parameters }) => [path, parameters.get('token'), parameters.get('token_type_hint')]),
    ).toEqual([
      ['/revoke', 'refresh-token-1', 'refresh_token'],
      ['/revoke', 'access-token-1', 'access_token'],
    ])
  })

  it('P81 discovers the endpoint where the given metadata has none', async () => {
    const { issuer, requests } = await start((response) => response.end())
    const metadata = { token_endpoint: `${issuer}/token` }
    await refreshTokenGrant({ issuer, clientId: 'app', metadata }).revoke?.(tokenSet, { signal })
    expect(requests.map(({ path }) => path)).toEqual(['/revoke', '/revoke'])
  })

  it.each([
    [
      'the server publishes none',
      (_request: unknown, issuer: string) => JSON.stringify({ issuer, token_endpoint: `${issuer}/token` }),
    ],
    ['it publishes nothing', () => undefined],
  ])('says once that there is no endpoint where %s', async (_name, documentOf) => {
    const server = http.createServer((request, response) => {
      const document = documentOf(request, issuer)
      response.writeHead(document === undefined ? 404 : 200).end(document)
    })
    const issuer = await listen(server)
    const grant = refreshTokenGrant({ issuer, clientId: 'app', metadata: { token_endpoint: `${issuer}/token` } })
    await expect(grant.revoke?.(tokenSet, { signal })).rejects.toMatchObject({ code: 'noRevocationEndpoint' })
    await grant.revoke?.(tokenSet, { signal })
  })

  it.each(['invalid_token', 'invalid_grant', 'token_inactive'])(
    'takes the error %s for what it is: the token is dead already',
    async (error) => {
      const { issuer, requests } = await start((response) => response.writeHead(400).end(JSON.stringify({ error })))
      await refreshTokenGrant({ issuer, clientId: 'app' }).revoke?.(tokenSet, { signal })
      expect(requests).toHaveLength(2)
    },
  )

  it('minds no server that revokes both tokens at once and then does not know the second', async () => {
    const { issuer, requests } = await start((response) =>
      requests.length === 1 ? response.end() : response.writeHead(400).end('{"error":"invalid_request"}'),
    )
    await refreshTokenGrant({ issuer, clientId: 'app' }).revoke?.(tokenSet, { signal })
    expect(requests).toHaveLength(2)
  })

  it('minds no server that cannot revoke access tokens', async () => {
    const { issuer, requests } = await start((response) => {
      if (requests.length === 1) return response.end()
      return response.writeHead(400).end('{"error":"unsupported_token_type"}')
    })
    await refreshTokenGrant({ issuer, clientId: 'app' }).revoke?.(tokenSet, { signal })
    expect(requests).toHaveLength(2)
  })

  it.each<[string, Answer, string]>([
    ['is refused', (response) => response.writeHead(401).end('{"error":"invalid_client"}'), 'invalid_client'],
    ['meets an error without a name', (response) => response.writeHead(503).end('refresh-token-1'), 'status503'],
    ['loses its connection', (_response, request) => request.socket.resetAndDestroy(), 'ECONNRESET'],
  ])('throws a code and nothing else when it %s', async (_name, answer, code) => {
    const { issuer } = await start(answer)
    const revoking = refreshTokenGrant({ issuer, clientId: 'app' }).revoke?.(tokenSet, { signal })
    const error: unknown = await revoking?.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code })
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/(refresh|access)-token-1/)
  })
})

describe('P54 debug entries', () => {
  it('show a request and its answer, redacted', async () => {
    const { issuer } = await start(issue)
    const entries: GrantDebugEntry[] = []
    await send(refreshTokenGrant({ issuer, clientId: 'app' }), { debug: (entry) => entries.push(entry) })
    expect(entries).toMatchObject([
      { type: 'tokenRequest', url: `${issuer}/token`, body: { grant_type: 'refresh_token', client_id: 'app' } },
      {
        type: 'tokenResponse',
        status: 200,
        body: { token_type: 'Bearer', expires_in: 60 },
        durationMilliseconds: expect.any(Number),
      },
    ])
  })

  it('tell what kept a request from being sent', async () => {
    const issuer = await listen(http.createServer((_request, response) => response.writeHead(404).end()))
    const entries: GrantDebugEntry[] = []
    await send(refreshTokenGrant({ issuer, clientId: 'app' }), { debug: (entry) => entries.push(entry) })
    expect(entries).toMatchObject([{ type: 'tokenRequestFailed', code: 'discoveryStatus404' }])
  })

  it('cannot fail a request by throwing', async () => {
    const { issuer } = await start(issue)
    const debug = () => {
      throw new Error('disk full')
    }
    expect(await send(refreshTokenGrant({ issuer, clientId: 'app' }), { debug })).toMatchObject({ kind: 'issued' })
  })
})

describe('P55 canaries', () => {
  const canaries = /canary/i
  const createEcho =
    (secret: string): Answer =>
    (response, request) => {
      response.writeHead(400, {
        'set-cookie': 'a=canary-cookie',
        'x-token': 'canary-refresh-token',
        location: request.url,
      })
      response.end(
        `{"error":"invalid_grant","error_description":"canary-refresh-token of ${secret}","access_token":"canary-access-2"}`,
      )
    }
  const issueCanaries: Answer = (response) => {
    response.setHeader('x-token', 'canary-access-2')
    response.end('{"access_token":"canary-access-2","refresh_token":"canary-refresh-2","id_token":"canary.id.token"}')
  }
  const cut: Answer = (response, request) => {
    response.writeHead(200, { 'content-length': 1000 })
    response.write('{"access_token":"canary-access-2"}', () => request.socket.destroy())
  }
  const reset: Answer = (_response, request) => request.socket.resetAndDestroy()

  it.each([
    ['echoed by the server, public', createEcho('nobody'), {}],
    ['echoed by the server, basic', createEcho('canary-client-secret'), { clientSecret: 'canary-client-secret' }],
    [
      'echoed by the server, post',
      createEcho('canary-client-secret'),
      { clientAuthentication: clientSecretPost('canary-client-secret') },
    ],
    ['issued', issueCanaries, {}],
    ['cut', cut, {}],
    ['reset', reset, { clientSecret: 'canary-client-secret' }],
  ])('are in no failure and no debug entry: %s', async (_name, answer, options) => {
    const { issuer } = await start(answer)
    const grant = refreshTokenGrant({ issuer, clientId: 'app', ...options })
    const entries: GrantDebugEntry[] = []
    const outcome = await send(grant, {
      refreshToken: 'canary-refresh-token',
      previous: { accessToken: 'canary-access-1', tokenType: 'Bearer', receivedAt: 0, idToken: 'canary-id-1' },
      debug: (entry) => entries.push(entry),
    })
    // An issued token set is the one place for them.
    const told = outcome.kind === 'issued' ? [entries, outcome.idToken, grant] : [entries, outcome, grant]
    expect(inspect(told, { depth: 20, showHidden: true })).not.toMatch(canaries)
    expect(JSON.stringify(told)).not.toMatch(canaries)
    expect(entries.length).toBeGreaterThan(1)
  })
})

describe('a malformed option is refused at once', () => {
  const valid = { issuer: 'https://login.example', clientId: 'app' }
  const metadata = { issuer: 'https://login.example', token_endpoint: 'https://login.example/token' }

  it.each<[string, unknown]>([
    ['options', undefined],
    ['issuer', { clientId: 'app' }],
    ['issuer', { ...valid, issuer: 'login.example' }],
    ['issuer', { ...valid, issuer: 'http://login.example' }],
    ['issuer', { ...valid, issuer: 'ftp://login.example' }],
    ['issuer', { ...valid, issuer: 'https://login.example?tenant=1' }],
    ['issuer', { ...valid, issuer: 'https://login.example#a' }],
    ['issuer', { ...valid, issuer: 'https://canary:canary@login.example' }],
    ['clientId', { issuer: valid.issuer }],
    ['clientId', { ...valid, clientId: '' }],
    ['clientSecret', { ...valid, clientSecret: '' }],
    ['clientSecret', { ...valid, clientSecret: 7 }],
    ['clientSecret', { ...valid, clientSecret: 'canary', clientAuthentication: clientSecretPost('canary') }],
    ['clientAuthentication', { ...valid, clientAuthentication: 'canary' }],
    ['metadata', { ...valid, metadata: 'https://login.example/token' }],
    ['issuer', { clientId: 'app', metadata: { token_endpoint: metadata.token_endpoint } }],
    ['metadata.issuer', { clientId: 'app', metadata: { issuer: 'login.example' } }],
    ['metadata.issuer', { ...valid, metadata: { ...metadata, issuer: 'https://other.example' } }],
    ['metadata.end_session_endpoint', { ...valid, metadata: { end_session_endpoint: 'http://login.example/end' } }],
    ['metadata.token_endpoint', { ...valid, metadata: { ...metadata, token_endpoint: 'http://login.example/token' } }],
    ['metadata.revocation_endpoint', { ...valid, metadata: { ...metadata, revocation_endpoint: '/revoke' } }],
    ['scope', { ...valid, scope: ['openid'] }],
    ['resource', { ...valid, resource: 'api' }],
    ['resource', { ...valid, resource: ['https://api.example/#part'] }],
    ['resource', { ...valid, resource: {} }],
    ['fetch', { ...valid, fetch: {} }],
    ['dpop', { ...valid, dpop: true }],
    ['idTokens', { ...valid, idTokens: true }],
    ['acceptHs256', { ...valid, idTokens: { acceptHs256: 'yes' } }],
    ['keepMembers', { ...valid, keepMembers: 'instance_url' }],
    ['tokenRequestFormat', { ...valid, tokenRequestFormat: 'xml' }],
    ['userAgent', { ...valid, userAgent: 'snow ☃' }],
    ['extraParameters', { ...valid, extraParameters: { audience: 7 } }],
    ['extraParameters.refresh_token', { ...valid, extraParameters: { refresh_token: 'canary' } }],
    ['unknown', { ...valid, unknown: 1 }],
  ])('%s', (option, options) => {
    let thrown: unknown
    try {
      refreshTokenGrant(options as RefreshTokenGrantOptions)
    } catch (error) {
      thrown = error
    }
    expect(isConfigurationError(thrown)).toBe(true)
    expect(thrown).toMatchObject({ option })
    expect(inspect(thrown, { showHidden: true })).not.toContain('canary')
  })

  it.each(['http://localhost:8080', 'http://127.0.0.1:1', 'http://[::1]:1', 'https://login.example/tenant/'])(
    'but not the issuer %s',
    (issuer) => {
      expect(refreshTokenGrant({ ...valid, issuer }).identity).toEqual({ issuer, clientId: 'app' })
    },
  )
})
