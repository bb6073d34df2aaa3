import { createFetch } from '@authchart/core/fetch'
import { clientCredentialsGrant, clientSecretPost, refreshTokenGrant } from '@authchart/core/oauth'
import {
  type Api,
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
} from '@authchart/test/authorization-server'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openSession, tokenSetOf } from '../../support/signed-in-session.ts'

let server: AuthorizationServer
let api: Api

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
  api = await startApi({ authorizationServer: server })
})
beforeEach(() => {
  server.resetCounts()
  api.resetCounts()
})
afterAll(async () => {
  await api.close()
  await server.close()
})

/** A `fetch` that keeps every answer, of a POST too, unless it is told otherwise, as some frameworks have it. */
function createCachingFetch() {
  const kept = new Map<string, { status: number; headers: [string, string][]; text: string }>()
  return async (url: string, init: RequestInit): Promise<Response> => {
    if (init.cache === 'no-store') return fetch(url, init)
    const name = `${init.method} ${url} ${String(init.body)}`
    let answer = kept.get(name)
    if (answer === undefined) {
      const response = await fetch(url, init)
      answer = { status: response.status, headers: [...response.headers], text: await response.text() }
      kept.set(name, answer)
    }
    return new Response(answer.text, answer)
  }
}

const grants = {
  'a refresh token that is not rotated': () =>
    refreshTokenGrant({ issuer: server.issuer, clientId: server.publicClient.id, fetch: createCachingFetch() }),
  'client credentials': () =>
    clientCredentialsGrant({
      issuer: server.issuer,
      clientId: server.secretPostClient.id,
      clientAuthentication: clientSecretPost(server.secretPostClient.secret),
      fetch: createCachingFetch(),
    }),
}

test.each(Object.entries(grants))(
  'P86 through a fetch that keeps answers, %s brings new tokens',
  async (name, createGrant) => {
    await using session = openSession(server, { grant: createGrant(), allowedOrigins: [api.origin] })
    if (name.startsWith('a refresh')) await session.signIn(tokenSetOf(await server.signIn()))
    server.faults.setRotation(false)
    const authorizedFetch = createFetch(session)
    for (const expiry of [1, 2, 3]) {
      expect((await authorizedFetch(api.origin)).status, `before expiry ${expiry}`).toBe(200)
      server.expireAccessTokens()
      expect((await authorizedFetch(api.origin)).status, `after expiry ${expiry}`).toBe(200)
    }
    expect(api.counts).toMatchObject({ rejected: 3 })
  },
)
