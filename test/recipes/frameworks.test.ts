import { createSession, memoryStore } from '@authchart/core'
import { authorizationServer, refreshTokenGrant } from '@authchart/core/oauth'
import { createStaticHandler } from 'react-router'
import { expect, it } from 'vitest'
import { createBrowser } from '../authorization-server/index.ts'
import { findInTexts } from '../support/find-secrets.ts'
import { startFixture } from './fixture.ts'
import { createLoader } from './react-router.ts'
import { createLoaders } from './react-router-sign-in.ts'

it('React Router signs in by its loaders, and calls the API for the session that the cookie names', async () => {
  await using fixture = await startFixture()
  const { server, origin } = fixture
  const options = authorizationServer({ issuer: server.issuer, clientId: server.publicClient.id })
  const store = memoryStore()
  const grant = refreshTokenGrant(options)
  const openSession = (key: string) => createSession({ key, store, grant, allowedOrigins: [origin] })
  const publicUrl = new URL(server.redirectUri).origin
  const loaders = createLoaders({ server: options, publicUrl, openSession })
  const orders = createLoader({ url: `${origin}/orders`, openSession })
  const { query } = createStaticHandler([
    { path: '/sign-in', loader: loaders.signIn },
    { path: '/callback', loader: loaders.callback },
    { path: '/orders', loader: orders },
  ])
  const ask = async (path: string, cookie = '') => query(new Request(publicUrl + path, { headers: { cookie } }))
  const cookieOf = (response: Response) => response.headers.get('set-cookie')?.replace(/;.*/, '') ?? ''

  expect(((await ask('/orders')) as Response).headers.get('location')).toBe('/sign-in')
  const leaving = (await ask('/sign-in')) as Response
  const callback = await createBrowser().visit(leaving.headers.get('location') ?? '', { until: server.redirectUri })
  const back = (await ask(`/callback${callback.search}`, cookieOf(leaving))) as Response
  expect(back.headers.get('set-cookie')).toMatch(/^session=.*; HttpOnly; Secure; SameSite=Lax/)

  const readOrders = async () => {
    const context = await ask('/orders', cookieOf(back))
    if (context instanceof Response) throw new Error(`Led to ${context.headers.get('location')}`)
    return Object.values(context.loaderData)[0] as { subject: string; token: number }
  }
  expect(await readOrders()).toMatchObject({ subject: 'alice', token: 1 })
  server.expireAccessTokens()
  const refreshed = await readOrders()
  expect(refreshed).toMatchObject({ subject: 'alice', token: 2 })
  expect(server.counts.refreshes).toBe(1)
  const [summary] = await store.list()
  const { accessToken = '', refreshToken = '' } = (await store.read(summary?.key ?? ''))?.secrets?.tokenSet ?? {}
  const seen = [JSON.stringify(refreshed), ...[leaving, back].flatMap(({ headers }) => [...headers].flat())]
  expect(findInTexts(seen, [accessToken, refreshToken])).toEqual([])

  server.expireAccessTokens()
  server.revokeGrant()
  expect(((await ask('/orders', cookieOf(back))) as Response).headers.get('location')).toBe('/sign-in')
})
