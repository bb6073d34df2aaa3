import { createMcpFetch, type StepUpChallenge } from '@authchart/core/mcp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tokenSetOf } from '../support/signed-in-session.ts'
import { type McpWorld, sdks, startMcpWorld } from './fixture.ts'

let world: McpWorld
beforeAll(async () => {
  world = await startMcpWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

describe.each(sdks)('a fetch for $name', ({ connect }) => {
  it('M5 signs the user in for more when a call needs it, once for all calls, and sends them again', async () => {
    await using session = await world.openSession()
    const challenges: StepUpChallenge[] = []
    const fetch = createMcpFetch(session, {
      async stepUp(challenge) {
        challenges.push(challenge)
        const scope = `openid offline_access mcp:read ${challenge.scope}`
        await session.signIn(tokenSetOf(await world.server.signIn({ scope, resource: [world.mcp.url] })))
      },
    })
    await using client = await connect(world.mcp.url, { fetch })
    expect(await client.call('read')).toBe('can read')
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.call('write')))
    expect(new Set(answers)).toEqual(new Set(['can write']))
    const { origin } = new URL(world.mcp.url)
    const resourceMetadata = `${origin}/.well-known/oauth-protected-resource/mcp`
    expect(challenges).toEqual([{ scope: 'mcp:write', resourceMetadata }])
    expect(await client.call('read')).toBe('can read')
    expect(world.server.counts.refreshes).toBe(0)
  })

  it('fails the call with what the step-up throws, and asks again at the next', async () => {
    await using session = await world.openSession()
    let asked = 0
    const fetch = createMcpFetch(session, {
      async stepUp() {
        asked += 1
        throw new Error('The user said no.')
      },
    })
    await using client = await connect(world.mcp.url, { fetch })
    await expect(client.call('write')).rejects.toThrow('The user said no.')
    await expect(client.call('write')).rejects.toThrow('The user said no.')
    expect(asked).toBe(2)
  })

  it('M5 fails the call without a refresh where nothing is to be done about a 403', async () => {
    await using session = await world.openSession()
    await using client = await connect(world.mcp.url, { fetch: createMcpFetch(session) })
    await expect(client.call('write')).rejects.toThrow(/scope/)
    expect(world.server.counts.total).toBe(0)
  })

  it('refreshes once for twenty calls of one transport that are rejected together', async () => {
    await using session = await world.openSession()
    await using client = await connect(world.mcp.url, { fetch: createMcpFetch(session) })
    world.server.expireAccessTokens()
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.call('read')))
    expect(new Set(answers)).toEqual(new Set(['can read']))
    expect(world.server.counts.total).toBe(1)
  })
})
