import { createSession, memoryStore, type SessionStore } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { type AuthorizationServer, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createIdToken } from '../../support/id-tokens.ts'
import { collectNotices, typesOf } from '../../support/notices.ts'
import { sessionKey, tokenSetOf } from '../../support/signed-in-session.ts'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ path: '/tenant/a', lifetimes: { accessToken: 3600 } })
})
afterEach(() => server.faults.clear())
afterAll(() => server.close())

function open(store: SessionStore, issuer: string) {
  const grant = refreshTokenGrant({ issuer, clientId: server.publicClient.id })
  return createSession({ key: sessionKey, store, grant })
}

/** The id token of a response, of an issuer that is written in another way. */
function respell(members: Record<string, unknown>, change: (iss: string) => string): Record<string, unknown> {
  const payload = String(members.id_token).split('.')[1] ?? ''
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iss: string }
  return { ...members, id_token: createIdToken({ ...claims, iss: change(claims.iss) }) }
}

test('P81 a session goes on where a release of the app writes the issuer in another way, and back', async () => {
  const store = memoryStore()
  const { issuer } = server
  const spellings = [issuer, `${issuer}/`, issuer.replace('http', 'HTTP'), `${issuer}/`]
  {
    await using session = open(store, issuer)
    await session.signIn(tokenSetOf(await server.signIn()))
  }
  for (const spelling of spellings) {
    await using session = open(store, spelling)
    const notices = collectNotices(session)
    await session.ready
    const { value } = await session.refresh()
    expect(session.getSnapshot()).toMatchObject({ signedIn: true, status: 'fresh' })
    expect(await server.findAccessToken(value)).toMatchObject({ subject: 'alice' })
    // Another sign-in of the same user is refused no more than that.
    await session.signIn(tokenSetOf(await server.signIn()))
    expect(await server.findAccessToken(value)).toBeDefined()
    expect(typesOf(notices)).toEqual(['refreshed', 'signedIn'])
  }
  await using session = open(store, `${issuer}/`)
  const { value } = await session.refresh()
  await session.signOut()
  expect(await server.findAccessToken(value)).toBeUndefined()
})

test('P81 nothing is erased or revoked where the server comes to write itself in another way', async () => {
  const store = memoryStore()
  await using session = open(store, server.issuer)
  const notices = collectNotices(session)
  await session.signIn(tokenSetOf(await server.signIn()))
  for (const change of [(iss: string) => `${iss}/`, (iss: string) => iss, (iss: string) => `${iss}/`]) {
    server.faults.alterAnswer((members) => respell(members, change))
    const { value } = await session.refresh()
    expect(await server.findAccessToken(value)).toBeDefined()
  }
  expect(typesOf(notices)).toEqual(['signedIn', 'refreshed', 'refreshed', 'refreshed'])
})

test('P81 another tenant of the server is another issuer: its tokens are erased and not served', async () => {
  await using session = open(memoryStore(), server.issuer)
  await session.signIn(tokenSetOf(await server.signIn()))
  server.faults.alterAnswer((members) => respell(members, (iss) => iss.replace('/tenant/a', '/tenant/b')))
  await expect(session.refresh()).rejects.toMatchObject({ reason: 'identityMismatch' })
})
