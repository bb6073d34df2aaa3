import { createSession, memoryStore, type Session } from '@authchart/core'
import { beginAuthorization, completeAuthorization, endSessionUrl, refreshTokenGrant } from '@authchart/core/oauth'
import { entraMultiTenant } from '@authchart/core/providers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collectNotices, typesOf } from '../support/notices.ts'
import { startTenantServer, type TenantServer, tenants } from './tenant-server.ts'

const redirectUri = 'http://127.0.0.1/callback'

let server: TenantServer

beforeAll(async () => {
  server = await startTenantServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const optionsOf = ({ issuer, clientId }: TenantServer) => ({ ...entraMultiTenant, issuer, clientId })

async function signIn(session: Session, user: keyof typeof tenants): Promise<void> {
  server.user = user
  const { url, transaction } = await beginAuthorization({
    ...optionsOf(server),
    redirectUri,
    scope: 'openid offline_access',
  })
  const { headers } = await fetch(url, { redirect: 'manual' })
  await session.signIn(await completeAuthorization(transaction, headers.get('location') ?? '', optionsOf(server)))
}

function openSession(): Session {
  return createSession({ key: 'acme', store: memoryStore(), grant: refreshTokenGrant(optionsOf(server)) })
}

test.each(['alice', 'bob'] as const)(
  'P92 %s signs in at a server of many tenants, refreshes ten times and signs out',
  async (user) => {
    await using session = openSession()
    const notices = collectNotices(session)
    await signIn(session, user)
    expect(session.claims).toMatchObject({ sub: user, tid: tenants[user] })
    const tokens = new Set<string>()
    for (let count = 0; count < 10; count += 1) tokens.add((await session.refresh()).value)
    expect(tokens.size).toBe(10)
    expect(typesOf(notices).filter((type) => type !== 'refreshed' && type !== 'signedIn')).toEqual([])

    const { idToken } = await session.signOut({ returnIdToken: true })
    const url = new URL(
      await endSessionUrl({
        ...optionsOf(server),
        idTokenHint: idToken,
        postLogoutRedirectUri: 'https://app.example/',
      }),
    )
    expect(url.pathname).toBe('/common/oauth2/v2.0/logout')
    expect(url.searchParams.get('id_token_hint')).toBe(idToken)
    expect(server.requests.filter((path) => path.includes('revoke'))).toEqual([])
  },
)

test('P92 the refresh tokens of another tenant’s user end the session: they are somebody else', async () => {
  await using session = openSession()
  await signIn(session, 'alice')
  await expect(signIn(session, 'bob')).rejects.toThrow()
  expect(session.claims).toMatchObject({ sub: 'alice' })
})
