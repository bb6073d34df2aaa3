import { isConfigurationError, isRefreshUnavailableError, isSessionEndedError } from '@authchart/core'
import { mcpAuthProvider } from '@authchart/core/mcp'
import { createSimulatedClock } from '@authchart/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFixture as startBoundSession } from '../flows/dpop/fixture.ts'
import { type McpWorld, sdks, startMcpWorld } from './fixture.ts'

let world: McpWorld
beforeAll(async () => {
  world = await startMcpWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

/** What the SDK itself sent to the authorization server: all but the session's requests are the SDK's. */
const sentBySession = () => world.server.counts.total

describe.each(sdks)('an auth provider for $name', ({ connect }) => {
  it('sends the session’s token', async () => {
    await using session = await world.openSession()
    await using client = await connect(world.mcp.url, { authProvider: mcpAuthProvider(session) })
    expect(await client.call('read')).toBe('can read')
    expect(sentBySession()).toBe(0)
  })

  it('M1 lets the session refresh when a token is rejected, once, and the call succeeds', async () => {
    const clock = createSimulatedClock()
    await using session = await world.openSession({ runtime: { clock } })
    await using client = await connect(world.mcp.url, { authProvider: mcpAuthProvider(session) })
    for (let round = 1; round <= 5; round += 1) {
      // So long that the token before is known to be good.
      await clock.advance(2_000)
      expect(await client.call('read')).toBe('can read')
      await clock.advance(2_000)
      world.server.expireAccessTokens()
      expect(await client.call('read')).toBe('can read')
      expect(world.server.counts).toMatchObject({ total: round, refreshesIssued: round, reuseDetected: 0 })
    }
  })

  it('M1 refreshes once for twenty calls that are rejected together', async () => {
    await using session = await world.openSession()
    const authProvider = mcpAuthProvider(session)
    // Version 1 gives up where two calls of one transport are rejected together: each has its own.
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect(world.mcp.url, { authProvider })))
    world.server.expireAccessTokens()
    expect(new Set(await Promise.all(clients.map((client) => client.call('read'))))).toEqual(new Set(['can read']))
    expect(sentBySession()).toBe(1)
    for (const client of clients) await client[Symbol.asyncDispose]()
  })

  it('M2 fails a call with the session’s own error when the session has ended', async () => {
    await using session = await world.openSession()
    await using client = await connect(world.mcp.url, { authProvider: mcpAuthProvider(session) })
    world.server.revokeGrant()
    const error: unknown = await client.call('read').catch((thrown) => thrown)
    expect(isSessionEndedError(error) || isRefreshUnavailableError(error)).toBe(true)
    expect(session.getSnapshot().reason).toBe('grantRejected')
    expect(sentBySession()).toBe(1)
  })

  it('M2 fails the call, and leaves the session as it is, when the authorization server is down', async () => {
    await using session = await world.openSession({ maximumWaitMilliseconds: 500 })
    await using client = await connect(world.mcp.url, { authProvider: mcpAuthProvider(session) })
    world.server.expireAccessTokens()
    await world.server.goDown()
    const error: unknown = await client.call('read').catch((thrown) => thrown)
    await world.server.comeBack()
    expect(isRefreshUnavailableError(error)).toBe(true)
    // Half a second may be too short for it.
    await expect.poll(() => session.refresh().then(() => 'refreshed', String)).toBe('refreshed')
    expect(await client.call('read')).toBe('can read')
  })

  it('leaves a 403 to the SDK, and the session signed in', async () => {
    await using session = await world.openSession()
    await using client = await connect(world.mcp.url, { authProvider: mcpAuthProvider(session) })
    for (let call = 0; call < 3; call += 1) await expect(client.call('write')).rejects.toThrow(/scope|upscoping/)
    expect(await client.call('read')).toBe('can read')
    expect(session.getSnapshot()).toMatchObject({ signedIn: true, usable: true })
  })
})

describe('an auth provider', () => {
  it('M1 has no refresh token to give, by whichever way an SDK asks', async () => {
    await using session = await world.openSession()
    const provider = mcpAuthProvider(session)
    expect(await provider.tokens()).toEqual({ access_token: await provider.token(), token_type: 'Bearer' })
    const { authorizationServerMetadata } = await provider.discoveryState()
    // Where version 1 sends what it takes for a token request: nowhere.
    expect(authorizationServerMetadata.token_endpoint).toMatch(/^data:/)
  })

  it('M3 does not take the 401 of a token that was replaced meanwhile for one of its replacement', async () => {
    const clock = createSimulatedClock()
    await using session = await world.openSession({ runtime: { clock } })
    const provider = mcpAuthProvider(session)
    const first = await provider.token()
    await provider.onUnauthorized()
    const second = await provider.token()
    expect(second).not.toBe(first)
    await provider.onUnauthorized()
    expect(await provider.token()).toBe(second)
    expect(sentBySession()).toBe(1)
  })

  it('M4 lets the session pause where one new token after the other is rejected', async () => {
    const clock = createSimulatedClock()
    await using session = await world.openSession({ runtime: { clock } })
    const provider = mcpAuthProvider(session)
    let failures = 0
    for (let call = 0; call < 20; call += 1) {
      await provider.token()
      await provider.onUnauthorized().then(provider.token, () => {
        failures += 1
      })
      await clock.advance(5_000)
    }
    expect(sentBySession()).toBeLessThan(5)
    expect(failures).toBeGreaterThan(10)
  })

  it('does not send a token that is bound to a key as a bearer token', async () => {
    await using bound = await startBoundSession()
    const error: unknown = await mcpAuthProvider(bound.session)
      .token()
      .catch((thrown) => thrown)
    expect(isConfigurationError(error)).toBe(true)
    expect(String(error)).toContain('createMcpFetch')
  })
})
