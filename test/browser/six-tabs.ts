import { expect } from 'vitest'
import type { Tab } from './harness/tab.ts'
import type { World } from './harness/world.ts'

/** Opens the app in every tab, and signs in through the first: the others hear of it. */
export async function shareSession(
  tabs: readonly Tab[],
  world: World,
  changes: Parameters<World['openApp']>[1] = {},
): Promise<void> {
  for (const tab of tabs) await world.openApp(tab, changes)
  await world.signIn(tabs[0] as Tab)
  for (const tab of tabs) await tab.run(() => app.until(({ generation }) => generation > 0))
}

/** The tokens of all tabs have expired, and all ask for one at the same time. */
export async function expireTogether(tabs: readonly Tab[], world: World): Promise<void> {
  world.server.lifetimes.accessToken = 2
  await shareSession(tabs, world, { options: { refreshTiming: 'onUse' } })
  world.server.lifetimes.accessToken = 3600
  for (const tab of tabs) {
    await tab.run(() => app.until(({ status }) => status === 'expired'))
  }
  expect(world.server.counts.refreshes).toBe(0)
  const answers = await Promise.all(tabs.map((tab) => tab.run(() => app.token())))
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size, JSON.stringify(answers)).toBe(1)
  await expectOneGeneration(tabs)
  expectOneRequestEach(world, 1)
}

/** All tabs are answered 401 at the same time. */
export async function rejectTogether(tabs: readonly Tab[], world: World): Promise<void> {
  await shareSession(tabs, world)
  world.server.expireAccessTokens()
  const statuses = await Promise.all(tabs.map((tab) => tab.run(() => app.call('/orders'))))
  expect(statuses).toEqual(tabs.map(() => 200))
  await expectOneGeneration(tabs)
  expectOneRequestEach(world, 1)
}

/** All tabs hold fresh tokens of the same generation. */
export async function expectOneGeneration(tabs: readonly Tab[]): Promise<void> {
  const snapshots = await Promise.all(tabs.map((tab) => tab.run(() => app.until(({ status }) => status === 'fresh'))))
  const newest = Math.max(...snapshots.map(({ generation }) => generation))
  await Promise.all(tabs.map((tab) => tab.run((wanted) => app.until((now) => now.generation >= wanted), newest)))
  const generations = await Promise.all(tabs.map((tab) => tab.run(() => app.session.getSnapshot().generation)))
  expect(new Set(generations)).toEqual(new Set([newest]))
}

/** One token request per generation, each with a refresh token that was never sent before. */
export function expectOneRequestEach({ server }: World, requests: number): void {
  const { refreshes, refreshesIssued, openAtOnceMaximum, reuseDetected, replays, grantsRevoked } = server.counts
  expect({ refreshes, refreshesIssued, openAtOnceMaximum, reuseDetected, replays, grantsRevoked }).toEqual({
    refreshes: requests,
    refreshesIssued: requests,
    openAtOnceMaximum: 1,
    reuseDetected: 0,
    replays: 0,
    grantsRevoked: 0,
  })
  expect(server.requests.filter(({ error }) => error === 'invalid_grant')).toEqual([])
}
