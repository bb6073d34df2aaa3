import { createSession, memoryStore } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { setupServer } from 'msw/node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { endpoint, handlers } from './msw.ts'

const server = setupServer(...handlers)
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => server.close())

it('K2 msw stands for the authorization server and for what the API rejects', async () => {
  await using session = createSession({
    key: 'acme:alice',
    store: memoryStore(),
    grant: refreshTokenGrant({ issuer: endpoint.issuer, clientId: 'acme-web' }),
    allowedOrigins: ['https://api.acme.example'],
  })
  await session.signIn(endpoint.signIn())
  const fetchOrders = async () => (await createFetch(session)('https://api.acme.example/orders')).json()
  expect(await fetchOrders()).toEqual(['tea'])

  endpoint.revokeAccessTokens()
  expect(await fetchOrders()).toEqual(['tea'])
  expect(endpoint.counts.issued).toBe(1)

  endpoint.failNext({ kind: 'answer', status: 429 })
  await expect(session.refresh()).rejects.toMatchObject({ code: 'throttled' })
  endpoint.failNext({ kind: 'cut' })
  await session.refresh()

  endpoint.revoke()
  await expect(session.refresh()).rejects.toMatchObject({ reason: 'grantRejected' })
  expect((await fetch('https://api.acme.example/orders')).status).toBe(401)
})
