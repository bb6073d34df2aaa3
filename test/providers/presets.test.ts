import { createSession, memoryStore } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import {
  type AuthorizationServerOptions,
  authorizationServer,
  beginAuthorization,
  completeAuthorization,
  endSessionUrl,
  type RefreshTokenGrantOptions,
  refreshTokenGrant,
} from '@authchart/core/oauth'
import * as presets from '@authchart/core/providers'
import { describe, expect, test } from 'vitest'
import { jsonAnswer, writeAnswer } from '../authorization-server/http-answer.ts'
import { startLoopbackServer } from '../authorization-server/loopback-server.ts'
import { newTokens, type ProviderEntry } from './provider-entry.ts'
import { providers } from './providers.ts'

const issuer = 'https://login.example'
const redirectUri = 'http://127.0.0.1/callback'

/** Options of a provider's server, as an app writes them; its issuer where the provider has one for everybody. */
function optionsOf({ preset }: ProviderEntry): AuthorizationServerOptions {
  return { issuer, ...preset, clientId: 'app' } as AuthorizationServerOptions
}

interface TokenRequest {
  readonly authorization: string | undefined
  readonly contentType: string | undefined
  readonly body: string
}

/** Sends one request to a token endpoint on this machine, and gives what came there. */
async function sendTokenRequest(
  options: AuthorizationServerOptions,
  send: (options: AuthorizationServerOptions) => Promise<unknown>,
  members: Readonly<Record<string, unknown>> = {},
): Promise<TokenRequest> {
  const requests: TokenRequest[] = []
  await using server = await startLoopbackServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { authorization, 'content-type': contentType } = request.headers
    requests.push({ authorization, contentType, body })
    await writeAnswer(response, jsonAnswer(200, { ...newTokens, ...members }))
  })
  await send({ ...options, metadata: { ...options.metadata, token_endpoint: `${server.origin}/token` } })
  expect(requests).toHaveLength(1)
  return requests[0] as TokenRequest
}

async function refresh(options: AuthorizationServerOptions): Promise<void> {
  const { signal } = new AbortController()
  const outcome = await refreshTokenGrant(options).refresh({ refreshToken: 'old', signal, now: Date.now })
  expect(outcome.kind).toBe('issued')
}

function parametersOf({ contentType, body }: TokenRequest): Record<string, string> {
  return contentType === 'application/json' ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body))
}

describe('a preset', () => {
  test('is spread as it is, and what follows counts', () => {
    const { salesforce, slack, entraMultiTenant, notion, zoho, shopify } = presets
    const clientId = 'app'
    const sandbox = refreshTokenGrant({ ...salesforce, issuer: 'https://test.salesforce.com', clientId })
    expect(sandbox.identity.issuer).toBe('https://test.salesforce.com')
    expect(authorizationServer({ ...slack, clientId, clientSecret: 'secret' }).keepMembers).toEqual([
      'team',
      'enterprise',
    ])
    expect(refreshTokenGrant({ ...entraMultiTenant, clientId }).provider?.classifyFailure).toBeTypeOf('function')
    expect(refreshTokenGrant({ ...notion, clientId }).identity.issuer).toBe('https://api.notion.com')
    expect(refreshTokenGrant({ ...zoho('eu'), clientId }).identity.issuer).toBe('https://accounts.zoho.eu')
    expect(refreshTokenGrant({ ...shopify('acme'), clientId }).identity.issuer).toBe('https://acme.myshopify.com')
  })

  test('is in the corpus, each of them', () => {
    const known = new Set(providers.map(({ usage }) => /\w+/.exec(usage)?.[0]))
    expect(Object.keys(presets).filter((name) => !known.has(name))).toEqual(['entraMultiTenant'])
  })

  test.each(providers)('of $name has addresses that secrets may be sent to', (entry) => {
    for (const [name, address] of Object.entries(entry.preset.metadata ?? {})) {
      if (name.endsWith('_endpoint')) expect(new URL(String(address)).protocol).toBe('https:')
    }
    expect(() => authorizationServer(optionsOf(entry))).not.toThrow()
  })

  test.each(providers)('of $name begins a sign-in with what the provider wants to be told', async (entry) => {
    const options = optionsOf(entry)
    const metadata = { authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` }
    const { url, transaction } = await beginAuthorization({
      ...options,
      metadata: { ...metadata, ...options.metadata },
      redirectUri,
      scope: 'a',
    })
    const wanted = entry.preset.provider?.authorizationParameters ?? {}
    expect(Object.fromEntries(new URL(url).searchParams)).toMatchObject({ ...wanted, client_id: 'app', scope: 'a' })
    expect(transaction.prompt).toBe(wanted.prompt)
  })

  test.each(providers)('of $name has the client secret where its documentation has it', async (entry) => {
    const request = await sendTokenRequest({ ...optionsOf(entry), clientSecret: 'canary' }, refresh)
    const isInBody = entry.preset.metadata?.token_endpoint_auth_methods_supported !== undefined
    expect(parametersOf(request).client_secret).toBe(isInBody ? 'canary' : undefined)
    expect(request.authorization).toBe(isInBody ? undefined : `Basic ${btoa('app:canary')}`)
  })

  test.each(providers)('of $name sends what the token endpoint takes', async (entry) => {
    const request = await sendTokenRequest(optionsOf(entry), refresh)
    const { tokenRequestFormat, provider } = entry.preset
    const type = tokenRequestFormat === 'json' ? 'application/json' : 'application/x-www-form-urlencoded;charset=UTF-8'
    expect(request.contentType).toBe(type)
    expect(parametersOf(request)).toEqual({
      ...provider?.tokenParameters,
      ...{ grant_type: 'refresh_token', refresh_token: 'old' },
      ...(request.authorization === undefined ? { client_id: 'app' } : {}),
    })
  })
})

describe('P90 what a provider’s API needs beside the token', () => {
  test.each([
    { name: 'quickbooks', members: {}, callback: 'realmId=4620816365', details: { realmId: '4620816365' } },
    {
      name: 'zoho',
      members: { api_domain: 'https://www.zohoapis.eu' },
      callback: 'location=eu&accounts-server=https%3A%2F%2Faccounts.zoho.eu',
      details: {
        api_domain: 'https://www.zohoapis.eu',
        location: 'eu',
        'accounts-server': 'https://accounts.zoho.eu',
      },
    },
    {
      name: 'salesforce',
      members: { instance_url: 'https://acme.my.salesforce.com' },
      callback: '',
      details: { instance_url: 'https://acme.my.salesforce.com' },
    },
  ])('comes from the callback and the answer: $name', async ({ name, members, callback, details }) => {
    const entry = providers.find(({ usage }) => usage.startsWith(`...${name}`)) as ProviderEntry
    const options = optionsOf(entry)
    const metadata = { ...options.metadata, authorization_endpoint: `${issuer}/authorize` }
    let kept: unknown
    await sendTokenRequest(
      { ...options, metadata },
      async (server) => {
        const { transaction } = await beginAuthorization({ ...server, redirectUri })
        const url = `${redirectUri}?code=code&state=${transaction.state}&${callback}`
        kept = (await completeAuthorization(transaction, url, server)).details
      },
      members,
    )
    expect(kept).toEqual(details)
  })
})

test('the preset of Cognito names where to go after a sign-out as Cognito wants it', async () => {
  const end_session_endpoint = 'https://acme.auth.eu-west-1.amazoncognito.com/logout'
  const url = await endSessionUrl({
    ...presets.cognito,
    issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc',
    metadata: { token_endpoint: `${issuer}/token`, end_session_endpoint },
    clientId: 'app',
    postLogoutRedirectUri: 'https://app.example/bye',
  })
  expect(Object.fromEntries(new URL(url).searchParams)).toEqual({
    client_id: 'app',
    logout_uri: 'https://app.example/bye',
  })
})

test.each([
  { name: 'shopify', preset: presets.shopify('acme'), http: {}, headers: { 'x-shopify-access-token': 'token' } },
  { name: 'zoho', preset: presets.zoho(), http: {}, headers: { authorization: 'Zoho-oauthtoken token' } },
  { name: 'google', preset: presets.google, http: {}, headers: { authorization: 'Bearer token' } },
  { name: 'zoho', preset: presets.zoho(), http: { scheme: 'Bearer' }, headers: { authorization: 'Bearer token' } },
])('the preset of $name has requests carry $headers, with the options $http', async ({ preset, http, headers }) => {
  const received: Record<string, unknown>[] = []
  await using api = await startLoopbackServer((request, response) => {
    received.push(request.headers)
    response.end()
  })
  await using session = createSession({
    key: 'acme',
    store: memoryStore(),
    grant: refreshTokenGrant({ ...preset, clientId: 'app' } as RefreshTokenGrantOptions),
    allowedOrigins: [api.origin],
    http,
  })
  await session.signIn({ accessToken: 'token', refreshToken: 'refresh-token', expiresIn: 3600 })
  await createFetch(session)(`${api.origin}/`)
  expect(received).toMatchObject([headers])
})
