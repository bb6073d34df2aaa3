import { isSessionEndedError } from '@authchart/core'
import {
  type AuthorizationServer,
  startAuthorizationServer,
  type TokenResponseMembers,
} from '@authchart/test/authorization-server'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createIdToken } from '../support/id-tokens.ts'
import { collectNotices, noticesOf, typesOf } from '../support/notices.ts'
import { openSignedInSession, sessionKey } from '../support/signed-in-session.ts'
import { createTroubledStore } from '../support/troubled-store.ts'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
beforeEach(() => server.resetCounts())
afterAll(() => server.close())

type Claims = Readonly<Record<string, unknown>>

function validClaims(): Claims {
  const now = Math.floor(Date.now() / 1000)
  return { iss: server.issuer, sub: 'alice', aud: server.publicClient.id, iat: now, exp: now + 3600 }
}

/** Gives the next token response this id token; its tokens can be looked at afterwards. */
function answerWithIdToken(idToken: unknown): { readonly members: TokenResponseMembers } {
  const issued: { members: TokenResponseMembers } = { members: {} }
  server.faults.alterAnswer((members) => {
    issued.members = { ...members, id_token: idToken }
    return issued.members
  })
  return issued
}

const invalid: [name: string, idToken: (claims: Claims) => unknown][] = [
  ['has expired', (claims) => createIdToken({ ...claims, exp: 1_000 })],
  ['is not valid yet', (claims) => createIdToken({ ...claims, nbf: 99_999_999_999 })],
  ['is for another client', (claims) => createIdToken({ ...claims, aud: 'another-client' })],
  ['has no audience', ({ aud, ...claims }) => createIdToken(claims)],
  ['has no subject', ({ sub, ...claims }) => createIdToken(claims)],
  ['has no issuer', ({ iss, ...claims }) => createIdToken(claims)],
  ['has claims of the wrong types', (claims) => createIdToken({ ...claims, exp: 'soon', iat: null })],
  ['has an unexpected algorithm', (claims) => createIdToken(claims).replace(/^[^.]*/, 'eyJhbGciOiJub25lIn0')],
  ['is no JWT', () => 'not-a-jwt'],
  ['is encrypted, with five parts', () => 'a.b.c.d.e'],
  ['is no string', () => ({ sub: 'alice' })],
  ['is empty', () => ''],
]

test.each(invalid)(
  'P49 an id token that %s: the token set is kept and served, the id token before it too',
  async (_name, make) => {
    const store = createTroubledStore()
    await using session = await openSignedInSession(server, { store })
    const before = (await store.peek(sessionKey))?.secrets?.tokenSet
    const notices = collectNotices(session)
    const issued = answerWithIdToken(make(validClaims()))
    const token = await session.refresh()
    expect(token.value).toBe(issued.members.access_token)
    expect((await session.getAccessToken()).value).toBe(issued.members.access_token)
    expect((await store.peek(sessionKey))?.secrets?.tokenSet).toMatchObject({
      accessToken: issued.members.access_token,
      refreshToken: issued.members.refresh_token,
      idToken: before?.idToken,
    })
    expect(typesOf(notices)).toEqual(['refreshed'])
    expect(server.counts.revocationRequests).toBe(0)
    await session.refresh()
    expect(server.counts.reuseDetected).toBe(0)
  },
)

const ofSomebodyElse: [name: string, idToken: (claims: Claims) => string][] = [
  ['another subject', (claims) => createIdToken({ ...claims, sub: 'mallory' })],
  ['another issuer', (claims) => createIdToken({ ...claims, iss: 'https://elsewhere.example' })],
  ['another subject, and expired', (claims) => createIdToken({ ...claims, sub: 'mallory', exp: 1_000 })],
  ['another subject and client', (claims) => createIdToken({ ...claims, sub: 'mallory', aud: 'another-client' })],
]

test.each(ofSomebodyElse)('P49 an id token of %s: erased, revoked, never served, ended', async (_name, make) => {
  const store = createTroubledStore()
  await using session = await openSignedInSession(server, { store })
  const notices = collectNotices(session)
  const issued = answerWithIdToken(make(validClaims()))
  const isMismatch = (error: unknown) => isSessionEndedError(error) && error.reason === 'identityMismatch'
  await expect(session.refresh()).rejects.toSatisfy(isMismatch)
  await expect(session.getAccessToken()).rejects.toSatisfy(isMismatch)
  expect(session.getSnapshot()).toMatchObject({ status: 'invalidated', usable: false, reason: 'identityMismatch' })
  expect(noticesOf(notices, 'ended')).toMatchObject([{ reason: 'identityMismatch' }])

  await server.until((counts) => counts.revocationRequests === 2, { description: 'both tokens to be revoked' })
  expect(await server.findAccessToken(String(issued.members.access_token))).toBeUndefined()
  const everythingWritten = JSON.stringify(store.written)
  expect(everythingWritten).not.toContain(issued.members.access_token)
  expect(everythingWritten).not.toContain(issued.members.refresh_token)
  expect(await store.peek(sessionKey)).not.toHaveProperty('secrets')
})
