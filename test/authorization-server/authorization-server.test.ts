import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer, type TokenResponse } from './index.ts'
import { refresh, refreshForTokens } from './refresh-by-hand.ts'

describe('an authorization server', () => {
  let server: AuthorizationServer
  let signedIn: TokenResponse
  let refreshToken: string

  beforeEach(async () => {
    server = await startAuthorizationServer()
    signedIn = await server.signIn({ subject: 'bob' })
    refreshToken = String(signedIn.refresh_token)
  })

  afterEach(() => server.close())

  it('signs in with an access token, a refresh token and an id token', async () => {
    expect(signedIn).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'openid offline_access' })
    const claims = JSON.parse(Buffer.from(String(signedIn.id_token).split('.')[1] ?? '', 'base64url').toString())
    expect(claims).toMatchObject({ sub: 'bob', iss: server.issuer, aud: server.publicClient.id })
    expect(await server.findAccessToken(signedIn.access_token)).toMatchObject({ subject: 'bob' })
  })

  it('gives no refresh token where no offline access was asked for', async () => {
    expect((await server.signIn({ scope: 'openid' })).refresh_token).toBeUndefined()
  })

  it('rotates the refresh token', async () => {
    const first = await refreshForTokens(server, refreshToken)
    expect(first.refresh_token).not.toBe(refreshToken)
    const second = await refreshForTokens(server, String(first.refresh_token))
    expect(second.access_token).not.toBe(first.access_token)
    expect(server.counts).toMatchObject({ refreshes: 2, refreshesIssued: 2, reuseDetected: 0, replays: 0 })
    expect(server.refreshTokens.map(({ order, family, spent }) => ({ order, family, spent }))).toEqual([
      { order: 1, family: 1, spent: true },
      { order: 2, family: 1, spent: true },
      { order: 3, family: 1, spent: false },
    ])
  })

  it('revokes the whole grant when a spent refresh token comes back', async () => {
    const first = await refreshForTokens(server, refreshToken)
    expect((await refresh(server, refreshToken)).status).toBe(400)
    const response = await refresh(server, String(first.refresh_token))
    expect(await response.json()).toMatchObject({ error: 'invalid_grant' })
    expect(await server.findAccessToken(first.access_token)).toBeUndefined()
    expect(server.counts).toMatchObject({ reuseDetected: 1, replays: 0, grantsRevoked: 1 })
    expect(server.requests.map(({ presentation }) => presentation)).toEqual([undefined, 'first', 'reuse', 'first'])
  })

  it('detects reuse even when both requests come at once', async () => {
    const gate = server.faults.hold()
    const requests = [refresh(server, refreshToken), refresh(server, refreshToken)]
    await gate.arrived(2)
    gate.release()
    const responses = await Promise.all(requests)
    expect(responses.map(({ status }) => status).toSorted()).toEqual([200, 400])
    expect(server.counts).toMatchObject({ reuseDetected: 1, openAtOnceMaximum: 2, openAtOncePerFamilyMaximum: 2 })
  })

  it('counts refreshes of two sessions apart from each other', async () => {
    const other = await server.signIn({ subject: 'carol' })
    const gate = server.faults.hold()
    const both = [refresh(server, refreshToken), refresh(server, String(other.refresh_token))]
    await gate.arrived(2)
    expect(server.counts).toMatchObject({ open: 2, openAtOnceMaximum: 2, openAtOncePerFamilyMaximum: 1 })
    gate.release()
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200])
    expect(server.counts.open).toBe(0)
  })

  it.each(['secretBasicClient', 'secretPostClient'] as const)('serves the %s', async (name) => {
    const client = server[name]
    const tokens = await server.signIn({ client })
    const form = { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) }
    const basic = `${encodeURIComponent(client.id)}:${encodeURIComponent(client.secret)}`
    const response = await fetch(server.tokenEndpoint, {
      method: 'POST',
      ...(name === 'secretBasicClient'
        ? {
            headers: { authorization: `Basic ${Buffer.from(basic).toString('base64')}` },
            body: new URLSearchParams(form),
          }
        : { body: new URLSearchParams({ ...form, client_id: client.id, client_secret: client.secret }) }),
    })
    expect(response.status).toBe(200)
  })

  it('requires PKCE', async () => {
    const url = new URL('/auth', server.issuer)
    url.search = String(
      new URLSearchParams({
        response_type: 'code',
        client_id: server.secretPostClient.id,
        redirect_uri: 'http://127.0.0.1/callback',
        scope: 'openid',
      }),
    )
    const location = (await fetch(url, { redirect: 'manual' })).headers.get('location')
    expect(location).toContain('error=invalid_request')
  })

  it('reads the lifetimes anew for each token', async () => {
    server.lifetimes.accessToken = 77
    expect((await refreshForTokens(server, refreshToken)).expires_in).toBe(77)
  })

  it('names its endpoints in its metadata', async () => {
    const metadata = await (await fetch(`${server.issuer}/.well-known/openid-configuration`)).json()
    expect(metadata).toMatchObject({
      issuer: server.issuer,
      token_endpoint: server.tokenEndpoint,
      revocation_endpoint: server.revocationEndpoint,
    })
  })

  it('revokes by RFC 7009 and counts it', async () => {
    const response = await fetch(server.revocationEndpoint, {
      method: 'POST',
      body: new URLSearchParams({ token: refreshToken, client_id: server.publicClient.id }),
    })
    expect(response.status).toBe(200)
    expect((await refresh(server, refreshToken)).status).toBe(400)
    expect(server.counts).toMatchObject({ revocationRequests: 1, grantsRevoked: 1, reuseDetected: 0 })
  })

  it('ends the grants of one subject', async () => {
    const other = await server.signIn({ subject: 'carol' })
    expect(server.revokeGrant('bob')).toBe(1)
    expect((await refresh(server, refreshToken)).status).toBe(400)
    expect((await refresh(server, String(other.refresh_token))).status).toBe(200)
  })

  it('ends one access token and leaves its grant alive', async () => {
    await server.revokeAccessToken(signedIn.access_token)
    expect(await server.findAccessToken(signedIn.access_token)).toBeUndefined()
    expect((await refresh(server, refreshToken)).status).toBe(200)
  })

  it('expires the access tokens there are, and not the next', async () => {
    server.expireAccessTokens()
    expect(await server.findAccessToken(signedIn.access_token)).toBeUndefined()
    const { access_token } = await refreshForTokens(server, refreshToken)
    expect(await server.findAccessToken(access_token)).toBeDefined()
  })

  it('goes down and comes back on the same port, with nothing forgotten', async () => {
    await server.goDown()
    await expect(refresh(server, refreshToken)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    await server.comeBack()
    expect((await refresh(server, refreshToken)).status).toBe(200)
  })

  it('resets new connections before it reads a request', async () => {
    await server.cutNewConnections(1)
    await expect(refresh(server, refreshToken)).rejects.toThrow('fetch failed')
    expect(server.counts.refreshes).toBe(0)
    expect((await refresh(server, refreshToken)).status).toBe(200)
  })

  it('tells listeners of each token request as it arrives and as it ends', async () => {
    const heard: string[] = []
    const stop = server.onTokenRequest((event, { outcome }) => heard.push(`${event} ${outcome}`))
    await refresh(server, refreshToken)
    stop()
    await refresh(server, refreshToken)
    expect(heard).toEqual(['arrived open', 'ended issued'])
  })

  it('keeps no token in its counts, log and ledger', () => {
    const told = JSON.stringify([server.counts, server.requests, server.refreshTokens])
    expect(told).not.toContain(refreshToken)
    expect(told).not.toContain(signedIn.access_token)
  })
})

it('shares nothing between two servers in one process', async () => {
  await using one = await startAuthorizationServer()
  await using two = await startAuthorizationServer()
  const { refresh_token, access_token } = await one.signIn()
  expect((await refresh(two, String(refresh_token))).status).toBe(400)
  expect(await two.findAccessToken(access_token)).toBeUndefined()
})

it('warns of nothing', async () => {
  const spies = (['warn', 'info', 'log', 'error'] as const).map((method) => vi.spyOn(console, method))
  await using server = await startAuthorizationServer()
  const { refresh_token } = await server.signIn({ client: server.secretPostClient })
  await refresh(server, String(refresh_token))
  await fetch(`${server.issuer}/nowhere`, { headers: { accept: 'text/html' } })
  for (const spy of spies) expect(spy).not.toHaveBeenCalled()
})

it('leaves nothing that keeps a process alive once closed, with requests held and connections kept alive', async () => {
  const program = fileURLToPath(new URL('./close-while-busy.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@authchart/source', '--no-warnings', program],
    { timeout: 50_000 },
  )
  expect(stdout.trim()).toBe('gone gone')
})
