import { isConfigurationError, isSignInError } from '@authchart/core'
import { createMcpFetch, discoverMcpServer } from '@authchart/core/mcp'
import {
  beginAuthorization,
  completeAuthorization,
  type Fetch,
  refreshTokenGrant,
  registerClient,
} from '@authchart/core/oauth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBrowser } from '../authorization-server/index.ts'
import { openSession } from '../support/signed-in-session.ts'
import { type McpWorld, sdks, startMcpWorld } from './fixture.ts'

const callback = 'http://127.0.0.1/callback'
const clientUrl = 'https://app.example/client.json'

let world: McpWorld
beforeAll(async () => {
  world = await startMcpWorld({
    registration: {},
    clientDocuments: {
      [clientUrl]: {
        client_id: clientUrl,
        application_type: 'native',
        redirect_uris: [callback],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      },
    },
  })
})
afterAll(() => world[Symbol.asyncDispose]())

/** The real fetch, which writes down the `resource` of each request. */
function noteResources(): { fetch: Fetch; resources: (string | null)[] } {
  const resources: (string | null)[] = []
  return {
    resources,
    fetch(url, init) {
      if (url === world.server.tokenEndpoint) resources.push(new URLSearchParams(String(init.body)).get('resource'))
      return fetch(url, init)
    },
  }
}

describe('signing in to an MCP server', () => {
  const clients = [
    {
      how: 'as a client that registers itself',
      clientAt: async (issuer: string) =>
        (await registerClient({ issuer, clientName: 'Test', redirectUris: [callback] })).client,
    },
    { how: 'as a client whose id is the URL of a document', clientAt: async () => ({ clientId: clientUrl }) },
  ]

  it.each(clients)('M6 works from its URL alone, $how, and says what the tokens are for', async ({ clientAt }) => {
    const { url } = world.mcp
    const found = await discoverMcpServer(url)
    expect(found).toMatchObject({
      resource: url,
      issuer: world.server.issuer,
      scope: 'mcp:read offline_access',
      name: 'Example',
      takesClientIdUrl: true,
      registersClients: true,
    })
    const { issuer, resource, scope } = found
    const { fetch, resources } = noteResources()
    const server = { issuer, fetch, ...(await clientAt(issuer)) }
    const asked = { ...server, resource, scope, prompt: 'consent', redirectUri: callback }
    const authorization = await beginAuthorization(asked)
    expect(new URL(authorization.url).searchParams.getAll('resource')).toEqual([url])
    const back = await createBrowser().visit(authorization.url, { until: callback })
    const tokens = await completeAuthorization(authorization.transaction, back, server)
    const grant = refreshTokenGrant({ ...server, resource })
    await using session = openSession(world.server, { grant, allowedOrigins: [new URL(url).origin] })
    await session.signIn(tokens)
    await session.refresh()
    expect(resources).toEqual([url, url])
    for (const { connect } of sdks) {
      await using client = await connect(url, { fetch: createMcpFetch(session) })
      expect(await client.call('read')).toBe('can read')
    }
  })
})

/** Answers by path, as a server on a public address would; everything else is 404. */
function serving(answers: Readonly<Record<string, () => Response>>): { fetch: Fetch; asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    async fetch(url, init) {
      if (url.startsWith(world.server.issuer)) return fetch(url, init)
      const { origin, pathname, search } = new URL(url)
      asked.push((origin === 'https://mcp.example' ? '' : origin) + pathname + search)
      return answers[asked.at(-1) ?? '']?.() ?? new Response(null, { status: 404 })
    },
  }
}

const metadata = (resource: string, members: object = {}) =>
  Response.json({ resource, authorization_servers: [world.server.issuer], ...members })

const challenged = (parameters: string) => () =>
  new Response(null, { status: 401, headers: { 'www-authenticate': `Bearer ${parameters}` } })

const wellKnown = '/.well-known/oauth-protected-resource'

describe('discovering an MCP server', () => {
  it('reads the document that the challenge names, and no other', async () => {
    const { fetch, asked } = serving({
      '/a/mcp': challenged(`resource_metadata="https://mcp.example/about", scope="one two"`),
      '/about': () => metadata('https://mcp.example/a/mcp', { scopes_supported: ['all'] }),
    })
    const found = await discoverMcpServer('https://mcp.example/a/mcp', { fetch })
    expect(found).toMatchObject({ resource: 'https://mcp.example/a/mcp', scope: 'one two offline_access' })
    expect(asked).toEqual(['/a/mcp', '/about'])
  })

  it('looks at the well-known place with the path put in, then at that of the origin', async () => {
    const { fetch, asked } = serving({
      '/a/mcp?tenant=1': challenged('realm="mcp"'),
      [wellKnown]: () => metadata('https://mcp.example', { scopes_supported: ['all'] }),
    })
    const found = await discoverMcpServer('https://mcp.example/a/mcp?tenant=1', { fetch })
    expect(found).toMatchObject({ resource: 'https://mcp.example', scope: 'all offline_access' })
    expect(asked).toEqual(['/a/mcp?tenant=1', `${wellKnown}/a/mcp?tenant=1`, wellKnown])
  })

  it('goes on to the next place where the first one has a page', async () => {
    const { fetch } = serving({
      '/a/mcp': challenged('realm="mcp"'),
      [`${wellKnown}/a/mcp`]: () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
      [wellKnown]: () => metadata('https://mcp.example'),
    })
    expect(await discoverMcpServer('https://mcp.example/a/mcp', { fetch })).toMatchObject({
      resource: 'https://mcp.example',
    })
  })

  it('asks for no scope where none is named', async () => {
    const { fetch } = serving({ [`${wellKnown}/mcp`]: () => metadata('https://mcp.example/mcp') })
    expect((await discoverMcpServer('https://mcp.example/mcp', { fetch })).scope).toBeUndefined()
  })

  it.each([
    { what: 'another origin', resource: 'https://other.example/mcp' },
    { what: 'a sibling whose path begins the same', resource: 'https://mcp.example/mcp2' },
    { what: 'a part of the server', resource: 'https://mcp.example/mcp/part' },
    { what: 'a resource with a fragment', resource: 'https://mcp.example/mcp#a' },
    { what: 'nothing', resource: '' },
  ])('M7 refuses a document about $what', async ({ resource }) => {
    const { fetch } = serving({
      '/mcp': challenged('resource_metadata="https://other.example/about"'),
      'https://other.example/about': () => metadata(resource),
    })
    await expect(failureOf(discoverMcpServer('https://mcp.example/mcp', { fetch }))).resolves.toBe('refused')
  })

  it.each([
    { what: 'no document', answer: () => new Response(null, { status: 404 }), code: 'refused' },
    { what: 'a page', answer: () => new Response('<html>'), code: 'refused' },
    {
      what: 'no authorization server',
      answer: () => Response.json({ resource: 'https://mcp.example/mcp' }),
      code: 'refused',
    },
    {
      what: 'an authorization server without https',
      answer: () => metadata('https://mcp.example/mcp', { authorization_servers: ['http://login.example'] }),
      code: 'refused',
    },
    { what: 'a failure', answer: () => new Response(null, { status: 503 }), code: 'unavailable' },
    { what: 'no answer', answer: () => Response.error(), code: 'unavailable' },
  ])('says $code where there is $what', async ({ answer, code }) => {
    const { fetch } = serving({ [`${wellKnown}/mcp`]: answer })
    const noNetwork: Fetch = async (url, init) => {
      const response = await fetch(url, init)
      if (response.type === 'error') throw new TypeError('fetch failed')
      return response
    }
    await expect(failureOf(discoverMcpServer('https://mcp.example/mcp', { fetch: noNetwork }))).resolves.toBe(code)
  })

  it('ends with the signal’s reason', async () => {
    const reason = new Error('enough')
    const stopped = discoverMcpServer(world.mcp.url, { signal: AbortSignal.abort(reason) })
    await expect(stopped).rejects.toBe(reason)
  })

  it.each(['http://mcp.example/mcp', 'mcp', 'file:///mcp'])('does not ask %s', async (url) => {
    const error: unknown = await discoverMcpServer(url).catch((thrown) => thrown)
    expect(isConfigurationError(error)).toBe(true)
  })
})

async function failureOf(work: Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown) => thrown,
  )
  return isSignInError(error) ? error.code : String(error)
}
