import { createSession, memoryStore } from '@authchart/core'
import {
  authorizationServer,
  beginAuthorization,
  completeAuthorization,
  endSessionUrl,
  refreshTokenGrant,
} from '@authchart/core/oauth'
import { createBrowser, startTenants, type Tenants } from '@authchart/test/authorization-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let tenants: Tenants

beforeAll(async () => {
  tenants = await startTenants()
})
afterAll(() => tenants[Symbol.asyncDispose]())

const users = ['alice@first.example', 'bob@second.example'] as const

describe('P92 a server of many tenants', () => {
  test.each(['common', 'organizations'].flatMap((name) => users.map((user, tenant) => [name, user, tenant] as const)))(
    'signs in at %s whom it knows as %s, refreshes and signs out, by discovery',
    async (name, user, tenant) => {
      const { publicClient, redirectUri, signedOutPage } = tenants.servers[tenant] ?? tenants.servers[0] ?? never()
      const server = authorizationServer({ issuer: tenants.issuerOf(name), clientId: publicClient.id })
      const asked = { redirectUri, scope: 'openid offline_access', prompt: 'consent', loginHint: user }
      const { url, transaction } = await beginAuthorization({ ...server, ...asked })
      const callback = await createBrowser().visit(url, { until: redirectUri })
      expect(callback.searchParams.get('iss')).toBe(tenants.servers[tenant]?.issuer)
      const tokens = await completeAuthorization(transaction, callback, server)

      await using session = createSession({ key: user, store: memoryStore(), grant: refreshTokenGrant(server) })
      await session.signIn(tokens)
      for (let count = 0; count < 10; count += 1) await session.refresh()
      expect(session.getSnapshot()).toMatchObject({ status: 'fresh', usable: true })
      expect(session.claims).toMatchObject({ iss: tenants.servers[tenant]?.issuer, sub: user })
      const { value } = await session.getAccessToken()
      expect(await tenants.servers[tenant]?.findAccessToken(value)).toMatchObject({ subject: user })

      const { idToken } = await session.signOut({ returnIdToken: true })
      expect(await tenants.servers[tenant]?.findAccessToken(value)).toBeUndefined()
      const signOutUrl = await endSessionUrl({
        ...server,
        idTokenHint: idToken,
        postLogoutRedirectUri: signedOutPage,
      })
      expect(signOutUrl.startsWith(tenants.issuerOf(name))).toBe(true)
      expect((await createBrowser().open(signOutUrl)).status).toBe(200)
    },
  )

  test('is refused the answer of another server', async () => {
    const { publicClient, redirectUri } = tenants.servers[0] ?? never()
    const server = { issuer: tenants.issuerOf('common'), clientId: publicClient.id }
    const { url, transaction } = await beginAuthorization({ ...server, redirectUri, scope: 'openid' })
    const callback = await createBrowser().visit(url, { until: redirectUri })
    callback.searchParams.set('iss', 'https://elsewhere.example/v2.0')
    await expect(completeAuthorization(transaction, callback, server)).rejects.toMatchObject({
      code: 'callbackRejected',
    })
  })
})

function never(): never {
  throw new Error('There is no tenant')
}
