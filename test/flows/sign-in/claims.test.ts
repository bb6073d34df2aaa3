import { createSession, memoryStore } from '@authchart/core'
import { type AuthorizationServer, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { createIdToken } from '../../support/id-tokens.ts'
import { openSession, openSignedInSession, tokenSetOf } from '../../support/signed-in-session.ts'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
afterEach(() => server.faults.clear())
afterAll(() => server.close())

/** Has the next refresh bring an id token with these claims besides its own. */
function issueClaims(changes: Record<string, unknown>) {
  server.faults.alterAnswer((members) => {
    const payload = String(members.id_token).split('.')[1] ?? ''
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
    return { ...members, id_token: createIdToken({ ...claims, ...changes }) }
  })
}

describe('the claims of a session', () => {
  test('are there from the sign-in to the sign-out, and gone before the store has answered', async () => {
    await using session = openSession(server)
    expect(session.claims).toBeUndefined()
    const tokens = tokenSetOf(await server.signIn())
    await session.signIn(tokens)
    const { claims } = session
    expect(claims).toMatchObject({ iss: server.issuer, sub: 'alice', aud: server.publicClient.id })
    expect(session.claims).toBe(claims)
    expect(JSON.stringify(session.claims)).not.toContain(tokens.idToken?.slice(0, 20))
    const seen: unknown[] = []
    session.subscribe(({ status }) => seen.push(status, session.claims))
    await session.signOut()
    expect(seen).toEqual(['signingOut', undefined, 'signedOut', undefined])
  })

  test('cannot be changed, down to their depths', async () => {
    await using session = createSession({
      key: 'a',
      store: memoryStore(),
      grant: () => Promise.reject(new Error('not needed')),
    })
    const idToken = createIdToken({ sub: 'alice', address: { country: 'NZ' }, groups: ['a', ['b']] })
    await session.signIn({ accessToken: 'a', idToken })
    const { claims } = session
    expect(claims).toEqual({ sub: 'alice', address: { country: 'NZ' }, groups: ['a', ['b']] })
    const groups = claims?.groups as unknown[] | undefined
    for (const part of [claims, claims?.address, groups, groups?.[1]]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
    await session.signIn({ accessToken: 'b', idToken: 'no id token' })
    expect(session.claims).toBeUndefined()
  })

  test('follow a refresh whose id token validates, and no other one', async () => {
    await using session = await openSignedInSession(server)
    issueClaims({ email: 'alice@new.example' })
    await session.refresh()
    expect(session.claims).toMatchObject({ sub: 'alice', email: 'alice@new.example' })
    const { claims } = session
    for (const changes of [{ exp: 1 }, { aud: 'another-client' }]) {
      issueClaims({ email: 'alice@false.example', ...changes })
      await session.refresh()
      expect(session.claims).toBe(claims)
    }
    server.faults.alterAnswer(({ id_token, ...members }) => members)
    await session.refresh()
    expect(session.claims).toBe(claims)
  })

  test('follow what another holder of the store does', async () => {
    const store = memoryStore()
    await using session = await openSignedInSession(server, { store })
    await using neighbour = openSession(server, { store })
    await neighbour.ready
    expect(neighbour.claims).toEqual(session.claims)
    issueClaims({ email: 'alice@new.example' })
    const { generation } = await neighbour.refresh()
    await eventually(() => session.getSnapshot().generation === generation, { description: 'the tokens to be adopted' })
    expect(session.claims).toMatchObject({ email: 'alice@new.example' })
    await neighbour.signOut()
    await eventually(() => session.getSnapshot().status === 'signedOut', { description: 'the sign-out to be followed' })
    expect(session.claims).toBeUndefined()
  })

  test('are gone with tokens of somebody else, which end the session', async () => {
    await using session = await openSignedInSession(server)
    issueClaims({ sub: 'mallory' })
    await expect(session.refresh()).rejects.toMatchObject({ reason: 'identityMismatch' })
    expect(session.claims).toBeUndefined()
  })

  test('are gone once the session was disposed of', async () => {
    const session = await openSignedInSession(server)
    await session[Symbol.asyncDispose]()
    expect(session.claims).toBeUndefined()
  })
})
