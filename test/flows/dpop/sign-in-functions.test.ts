import { memoryStore, type Session } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import {
  beginAuthorization,
  beginDeviceAuthorization,
  clientCredentialsGrant,
  completeAuthorization,
  dpop,
} from '@authchart/core/oauth'
import { createBrowser } from '@authchart/test/authorization-server'
import { expect, test } from 'vitest'
import { readRecord } from '../../support/stored-session.ts'
import { type Fixture, startFixture } from './fixture.ts'

/** Two sends to an API that checks proofs, and a refresh with another one: each with the key of the sign-in. */
async function expectBound({ api, server }: Fixture, session: Session): Promise<void> {
  const send = createFetch(session)
  expect((await send(`${api.origin}/orders`)).status).toBe(200)
  const { value, type } = await session.refresh()
  expect(type).toBe('DPoP')
  expect((await server.findAccessToken(value))?.thumbprint).toBeTypeOf('string')
  expect((await send(`${api.origin}/orders`)).status).toBe(200)
  expect(api.requests.map(({ proof }) => proof).slice(-2)).toEqual(['valid', 'valid'])
}

test('P63 a sign-in by authorization code, pushed and with nonces demanded, brings its key', async () => {
  await using fixture = await startFixture()
  const { server } = fixture
  server.dpop.requiresNonce = true
  const client = { issuer: server.issuer, clientId: server.boundClient.id, dpop: dpop() }
  const { url, transaction } = await beginAuthorization({
    ...client,
    redirectUri: server.redirectUri,
    scope: 'openid offline_access',
    prompt: 'consent',
    loginHint: 'alice',
    pushRequest: true,
  })
  const callback = await createBrowser().visit(url, { until: server.redirectUri })
  const tokens = await completeAuthorization(transaction, callback, client)
  const session = fixture.open({ key: 'acme:code' })
  await session.signIn(tokens)
  await expectBound(fixture, session)
})

test('P63 a sign-in on another device brings its key', async () => {
  await using fixture = await startFixture()
  const { server } = fixture
  const device = await beginDeviceAuthorization({
    issuer: server.issuer,
    clientId: server.boundClient.id,
    dpop: dpop(),
    scope: 'openid offline_access',
  })
  await server.answerDevice(device.userCode, { approve: true })
  const session = fixture.open({ key: 'acme:device' })
  await session.signIn(await device.waitForTokens())
  await expectBound(fixture, session)
})

test('P63 a session that needs no sign-in makes its key with its first token, and keeps it', async () => {
  await using fixture = await startFixture()
  const { server } = fixture
  const store = memoryStore()
  const { id: clientId, secret: clientSecret } = server.secretPostClient
  const open = () =>
    fixture.open({
      key: 'acme:service',
      store,
      grant: clientCredentialsGrant({ issuer: server.issuer, clientId, clientSecret, dpop: dpop() }),
    })
  await expectBound(fixture, open())
  const { proofKey } = (await readRecord(store, 'acme:service')).secrets ?? {}
  expect(proofKey).toMatchObject({ kty: 'EC', d: expect.any(String) })
  await expectBound(fixture, open())
  expect((await readRecord(store, 'acme:service')).secrets?.proofKey).toEqual(proofKey)
})
