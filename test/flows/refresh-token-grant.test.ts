import { clientSecretPost, type RefreshTokenGrantOptions, refreshTokenGrant } from '@authchart/core/oauth'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type AuthorizationServer,
  type RegisteredClient,
  startAuthorizationServer,
} from '../authorization-server/index.ts'

let server: AuthorizationServer

beforeEach(async () => {
  server = await startAuthorizationServer()
})

afterEach(() => server.close())

function request(refreshToken: string | undefined) {
  return { refreshToken: refreshToken ?? '', signal: AbortSignal.timeout(10_000), now: Date.now }
}

describe.each<[string, (server: AuthorizationServer) => { client: RegisteredClient; options: object }]>([
  ['a public client', ({ publicClient }) => ({ client: publicClient, options: {} })],
  ['client_secret_basic', ({ secretBasicClient: client }) => ({ client, options: { clientSecret: client.secret } })],
  [
    'client_secret_post',
    ({ secretPostClient: client }) => ({
      client,
      options: { clientAuthentication: clientSecretPost(client.secret) },
    }),
  ],
])('a grant of %s', (_name, choose) => {
  function setUp(more: Partial<RefreshTokenGrantOptions> = {}) {
    const { client, options } = choose(server)
    const grant = refreshTokenGrant({ issuer: server.issuer, clientId: client.id, ...options, ...more })
    return { client, grant }
  }

  it('rotates, time after time', async () => {
    const { client, grant } = setUp()
    let refreshToken = (await server.signIn({ client })).refresh_token
    for (let turn = 0; turn < 3; turn += 1) {
      const outcome = await grant.refresh(request(refreshToken))
      if (outcome.kind !== 'issued') throw new Error(JSON.stringify(outcome))
      expect(outcome.tokenSet.refreshToken).not.toBe(refreshToken)
      expect(outcome.idToken).toEqual({ valid: true, issuer: server.issuer, subject: 'alice' })
      expect(await server.findAccessToken(outcome.tokenSet.accessToken)).toMatchObject({ subject: 'alice' })
      refreshToken = outcome.tokenSet.refreshToken
    }
    expect(server.counts).toMatchObject({ refreshes: 3, refreshesIssued: 3, reuseDetected: 0 })
  })

  it('is told when its grant was revoked', async () => {
    const { client, grant } = setUp()
    const { refresh_token } = await server.signIn({ client })
    server.revokeGrant()
    expect(await grant.refresh(request(refresh_token))).toMatchObject({
      kind: 'failed',
      failure: { kind: 'answer', status: 400, complete: true, body: { error: 'invalid_grant' } },
    })
  })

  it('revokes at the server', async () => {
    const { client, grant } = setUp()
    const { refresh_token, access_token } = await server.signIn({ client })
    const tokenSet = {
      accessToken: access_token,
      refreshToken: refresh_token ?? '',
      tokenType: 'Bearer',
      receivedAt: 0,
    }
    await grant.revoke?.(tokenSet, { signal: AbortSignal.timeout(10_000) })
    expect(await server.findAccessToken(access_token)).toBeUndefined()
    expect(await grant.refresh(request(refresh_token))).toMatchObject({
      failure: { kind: 'answer', body: { error: 'invalid_grant' } },
    })
  })
})

it('is told of a wrong client secret', async () => {
  const { refresh_token } = await server.signIn({ client: server.secretBasicClient })
  const clientId = server.secretBasicClient.id
  const grant = refreshTokenGrant({ issuer: server.issuer, clientId, clientSecret: 'not the secret' })
  expect(await grant.refresh(request(refresh_token))).toMatchObject({
    failure: { kind: 'answer', status: 401, body: { error: 'invalid_client' } },
  })
})

it('discovers the server once for any number of grants', async () => {
  const discoveries: string[] = []
  const fetch = (url: string, init: RequestInit) => {
    if (init.method === 'GET') discoveries.push(url)
    return globalThis.fetch(url, init)
  }
  const signedIn = await Promise.all(
    Array.from({ length: 5 }, (_, index) => server.signIn({ subject: `user-${index}` })),
  )
  const outcomes = await Promise.all(
    signedIn.map(({ refresh_token }) =>
      refreshTokenGrant({ issuer: server.issuer, clientId: server.publicClient.id, fetch }).refresh(
        request(refresh_token),
      ),
    ),
  )
  expect(outcomes.every(({ kind }) => kind === 'issued')).toBe(true)
  expect(discoveries).toEqual([`${server.issuer}/.well-known/openid-configuration`])
})

it('comes to know that the server is down, and back', async () => {
  const { refresh_token } = await server.signIn()
  const grant = refreshTokenGrant({ issuer: server.issuer, clientId: server.publicClient.id })
  await server.goDown()
  expect(await grant.refresh(request(refresh_token))).toMatchObject({ failure: { kind: 'transport', sent: 'no' } })
  await server.comeBack()
  expect(await grant.refresh(request(refresh_token))).toMatchObject({ kind: 'issued' })
})
