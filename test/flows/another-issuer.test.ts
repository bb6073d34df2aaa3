import { memoryStore, type SessionNotice } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { type AuthorizationServer, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSession, tokenSetOf } from '../support/signed-in-session.ts'

let issuing: AuthorizationServer
let other: AuthorizationServer

beforeAll(async () => {
  issuing = await startAuthorizationServer()
  other = await startAuthorizationServer()
})
afterAll(() => Promise.all([issuing.close(), other.close()]))

const grantOf = ({ issuer, publicClient }: AuthorizationServer) =>
  refreshTokenGrant({ issuer, clientId: publicClient.id })

/** A store in which somebody is signed in, whose access token has expired. */
async function createSignedInStore() {
  const store = memoryStore()
  await using session = openSession(issuing, { store, grant: grantOf(issuing) })
  await session.signIn({ ...tokenSetOf(await issuing.signIn()), expiresIn: 0 })
  return store
}

test('P55 a refresh token of one server is not sent to another, which the app has come to name', async () => {
  const store = await createSignedInStore()
  await using misled = openSession(other, { store, grant: grantOf(other) })
  await expect(misled.getAccessToken()).rejects.toMatchObject({ reason: 'clientRejected' })
  await expect(misled.refresh()).rejects.toMatchObject({ reason: 'clientRejected' })
  expect(other.counts.total).toBe(0)

  // Nothing is wrong with it: once the issuer is set right, it goes on.
  await using mended = openSession(issuing, { store, grant: grantOf(issuing) })
  await mended.ready
  expect((await mended.refresh()).value).toBeTypeOf('string')
})

test('P55 a sign-out does not show the tokens of one server to another', async () => {
  const store = await createSignedInStore()
  const notices: SessionNotice[] = []
  await using misled = openSession(other, { store, grant: grantOf(other) })
  misled.on('*', (notice) => notices.push(notice))
  await misled.signOut()
  expect(other.counts.revocationRequests).toBe(0)
  expect(notices.map(({ type }) => type)).toContain('revocationFailed')
  expect(misled.getSnapshot().status).toBe('signedOut')
})
