import { createSession, memoryStore, type SessionStore } from '@authchart/core'
import { explainRecording, recordSession } from '@authchart/core/inspect'
import { beginAuthorization, refreshTokenGrant } from '@authchart/core/oauth'
import { type AuthorizationServer, jsonAnswer, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { writeAnswer } from '../../authorization-server/http-answer.ts'
import { startLoopbackServer } from '../../authorization-server/loopback-server.ts'
import { createIdToken } from '../../support/id-tokens.ts'
import { collectNotices, noticesOf, typesOf } from '../../support/notices.ts'
import { publishing } from '../../support/published-metadata.ts'
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

test('an issuer that the server does not go by is named at each refresh, and no firewall is blamed', async () => {
  await using other = await startAuthorizationServer()
  const fetch = publishing({ issuer: 'https://login.acme.example/v2' })
  const grant = refreshTokenGrant({ issuer: other.issuer, clientId: other.publicClient.id, fetch })
  await using session = createSession({ key: sessionKey, store: memoryStore(), grant })
  const notices = collectNotices(session)
  const recorder = recordSession(session)
  await session.signIn(tokenSetOf(await other.signIn()))
  const both = ['https://login.acme.example/v2', other.issuer]
  for (let times = 0; times < 2; times += 1) {
    const error: unknown = await session.refresh().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'server' })
    for (const issuer of both) expect(String(error)).toContain(issuer)
    expect(String(error)).not.toContain('firewall')
  }
  const { text } = explainRecording(recorder.getRecording())
  const [{ serverWords = '' } = {}] = noticesOf(notices, 'refreshFailed')
  for (const issuer of both) expect([text, serverWords].every((told) => told.includes(issuer))).toBe(true)
  // It may pass: a server behind a proxy that was set up wrongly, for a minute.
  expect(session.getSnapshot()).toMatchObject({ signedIn: true, status: 'transientFailure' })
})

test('an issuer that only the second well-known place names is told at a sign-in', async () => {
  await using place = await startLoopbackServer((request, response) => {
    const isThere = request.url === '/.well-known/oauth-authorization-server'
    void writeAnswer(
      response,
      isThere ? jsonAnswer(200, { issuer: `https://${'long'.repeat(500)}.example` }) : { status: 404 },
    )
  })
  const begun = beginAuthorization({ issuer: place.origin, clientId: 'app', redirectUri: 'http://127.0.0.1/callback' })
  const error: unknown = await begun.catch((reason: unknown) => reason)
  expect(error).toMatchObject({ name: 'ConfigurationError', option: 'issuer' })
  expect(String(error)).toContain(place.origin)
  expect(String(error)).toContain('https://longlong')
  expect(String(error).length).toBeLessThan(500)
})

test('P81 tokens of another issuer are refused by `signIn`, and nothing is changed or revoked', async () => {
  const store = memoryStore()
  await using session = open(store, server.issuer)
  await session.signIn(tokenSetOf(await server.signIn()))
  const before = await store.read(sessionKey)
  const { revocationRequests } = server.counts
  const tokens = tokenSetOf(await server.signIn())
  const { idToken = '' } = tokens
  const foreign = respell({ id_token: idToken }, () => 'https://login.acme.example').id_token as string
  await expect(session.signIn({ ...tokens, idToken: foreign })).rejects.toMatchObject({ code: 'idTokenRejected' })
  expect(await store.read(sessionKey)).toEqual(before)
  expect(server.counts.revocationRequests).toBe(revocationRequests)
})
