import { createSession, isSessionEndedError, memoryStore, type Session } from '@authchart/core'
import { beginAuthorization, completeAuthorization, refreshTokenGrant } from '@authchart/core/oauth'
import { type AuthorizationServer, createBrowser, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { beginHeldBackRefresh } from '../../support/held-back-refresh.ts'
import { leaseGivenBack } from '../../support/stored-session.ts'

// A browser that signs in twice gets one grant for both, and this server ends a whole grant with any token of it.

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
beforeEach(() => server.resetCounts())
afterAll(() => server.close())

const client = () => ({ issuer: server.issuer, clientId: server.publicClient.id })

/** A session, and a browser in which its user signs in again and again. */
function openWithBrowser(store = memoryStore()) {
  const browser = createBrowser()
  const session = createSession({ key: 'acme:alice', store, grant: refreshTokenGrant(client()) })
  return {
    store,
    session,
    async signIn(to: Session = session) {
      const scope = 'openid offline_access'
      const request = { ...client(), redirectUri: server.redirectUri, scope, prompt: 'consent' }
      const { url, transaction } = await beginAuthorization(request)
      const callback = await browser.visit(url, { until: server.redirectUri })
      const tokens = await completeAuthorization(transaction, callback, client())
      await to.signIn(tokens)
      return tokens
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}

async function revokeByHand(token: string | undefined): Promise<void> {
  const body = new URLSearchParams({ token: String(token), client_id: server.publicClient.id })
  expect((await fetch(server.revocationEndpoint, { method: 'POST', body })).status).toBe(200)
}

describe('a second sign-in in the same browser', () => {
  test('lives, and its tokens can be refreshed', async () => {
    await using alice = openWithBrowser()
    await alice.signIn()
    const second = await alice.signIn()
    await alice.session.refresh()
    expect(await server.findAccessToken(second.accessToken)).toBeDefined()
    expect(server.counts.revocationRequests).toBe(0)
  })

  test.each(['refreshToken', 'accessToken'] as const)(
    'would be over had the first one’s %s been revoked',
    async (member) => {
      await using alice = openWithBrowser()
      const first = await alice.signIn()
      const second = await alice.signIn()
      await revokeByHand(first[member])
      expect(await server.findAccessToken(second.accessToken)).toBeUndefined()
      await expect(alice.session.refresh()).rejects.toSatisfy(isSessionEndedError)
    },
  )

  test('outlives the tokens that a refresh of the first brings too late', async () => {
    await using alice = openWithBrowser()
    await alice.signIn()
    const { gate, caller } = await beginHeldBackRefresh(server, alice.session, { answer: 'issued' })
    const second = await alice.signIn()
    gate.release()
    await leaseGivenBack(alice.store)
    expect(await caller).toBe(second.accessToken)
    await alice.session.refresh()
    expect(server.counts.revocationRequests).toBe(0)
  })

  test('is another grant’s after a sign-out, which revokes', async () => {
    await using alice = openWithBrowser()
    const first = await alice.signIn()
    await alice.session.signOut()
    expect(await server.findAccessToken(first.accessToken)).toBeUndefined()
    await alice.signIn()
    await alice.session.refresh()
  })
})
