import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from './index.ts'
import { deviceCodeGrantType } from './registered-clients.ts'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ registration: { initialAccessToken: 'initial' } })
})

afterAll(() => server[Symbol.asyncDispose]())

async function post(path: string, form: Record<string, string>) {
  const response = await fetch(new URL(path, server.issuer), { method: 'POST', body: new URLSearchParams(form) })
  return (await response.json()) as Record<string, string>
}

async function beginDevice() {
  const begun = await post('/device/auth', { client_id: server.publicClient.id, scope: 'openid offline_access' })
  const poll = () =>
    post('/token', {
      grant_type: deviceCodeGrantType,
      device_code: begun.device_code ?? '',
      client_id: server.publicClient.id,
    })
  return { userCode: begun.user_code ?? '', poll }
}

it('signs a device in once somebody agrees', async () => {
  const { userCode, poll } = await beginDevice()
  expect(await poll()).toMatchObject({ error: 'authorization_pending' })
  await server.answerDevice(userCode, { approve: true })
  expect(await poll()).toMatchObject({ access_token: expect.any(String), refresh_token: expect.any(String) })
})

it('tells a device that somebody did not agree', async () => {
  const { userCode, poll } = await beginDevice()
  await server.answerDevice(userCode, { approve: false })
  expect(await poll()).toMatchObject({ error: 'access_denied' })
})

it('gives access tokens for the resource server that was asked for', async () => {
  const { secretPostClient: client } = server
  const tokens = await post('/token', {
    grant_type: 'client_credentials',
    client_id: client.id,
    client_secret: client.secret,
    scope: 'api',
    resource: 'https://api.acme.example',
  })
  expect(await server.findAccessToken(tokens.access_token ?? '')).toMatchObject({
    subject: undefined,
    clientId: client.id,
    audience: 'https://api.acme.example',
  })
  server.expireAccessTokens()
  expect(await server.findAccessToken(tokens.access_token ?? '')).toBeUndefined()
})
