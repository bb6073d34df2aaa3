import { dpop, type Grant, type ProofKey, refreshTokenGrant } from '@authchart/core/oauth'
import {
  type AuthorizationServer,
  createProofKey,
  startAuthorizationServer,
} from '@authchart/test/authorization-server'
import { afterAll, beforeAll, expect, test } from 'vitest'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer()
})
afterAll(() => server.close())

const hour = 60 * 60 * 1000

/** A grant whose session's clock is wrong, and a way to refresh by it that gives the number of requests that it took. */
async function signIn(skew: number) {
  const proofKey = (await createProofKey()) as ProofKey
  const tokens = await server.signIn({ client: server.boundClient, proofKey: proofKey as never })
  const grant: Grant = refreshTokenGrant({ issuer: server.issuer, clientId: server.boundClient.id, dpop: dpop() })
  let refreshToken = tokens.refresh_token
  return async () => {
    server.resetCounts()
    const now = () => Date.now() + skew
    const outcome = await grant.refresh({ refreshToken, proofKey, now, signal: AbortSignal.timeout(10_000) })
    if (outcome.kind === 'issued') refreshToken = outcome.tokenSet.refreshToken
    return { kind: outcome.kind, requests: server.counts.total }
  }
}

test.each([
  ['two hours ahead', 2 * hour],
  ['a year behind', -365 * 24 * hour],
])('P79 a device whose clock is %s learns the server’s time from a refused proof', async (_name, skew) => {
  const refresh = await signIn(skew)
  expect(await refresh()).toEqual({ kind: 'issued', requests: 2 })
  expect(await refresh()).toEqual({ kind: 'issued', requests: 1 })
})

test('P60 P79 with a wrong clock and a nonce to be sent, no request is lost', async () => {
  server.dpop.requiresNonce = true
  const refresh = await signIn(2 * hour)
  expect(await refresh()).toMatchObject({ kind: 'issued' })
  expect(await refresh()).toEqual({ kind: 'issued', requests: 1 })
  server.dpop.requiresNonce = false
})
