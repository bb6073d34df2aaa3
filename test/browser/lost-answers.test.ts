import { expect, it } from 'vitest'
import { isSoak } from '../support/soak.ts'
import type { ChromiumTab } from './harness/chromium.ts'
import { describeInChromium } from './harness/with-chromium.ts'

/** How often a tab goes between a token request and its answer. */
const rounds = isSoak ? 50 : 10

describeInChromium('a tab that goes between a token request and its answer', (stage) => {
  it(`B6 loses no session, ${rounds} times: the next tab sends the token once more, or adopts`, async () => {
    const { world } = stage
    const { server } = world
    server.faults.setGrace(60_000)
    let tab = await world.openApp(await stage.chromium.openTab())
    await world.signIn(tab)

    for (let round = 0; round < rounds; round += 1) {
      const { refreshes } = server.counts
      const gate = server.faults.hold({ times: 1, afterCommit: round % 2 === 0 })
      await tab.run(() => void app.session.refresh().catch(() => {}))
      await gate.arrived()
      tab = await leave(tab, round)
      gate.release()
      const { generation } = await tab.run(() => app.until(({ status }) => status === 'fresh'))
      const refreshed = await tab.run(() => app.session.refresh().then((token) => token.generation, String))
      expect(refreshed, `round ${round}`).toBeGreaterThan(generation)
      expect(server.counts.refreshes - refreshes, `token requests of round ${round}`).toBeLessThanOrEqual(2)
    }
    const { reuseDetected, grantsRevoked, openAtOncePerFamilyMaximum } = server.counts
    expect({ reuseDetected, grantsRevoked }).toEqual({ reuseDetected: 0, grantsRevoked: 0 })
    // The request of a tab that is gone is still open at the server, while the next tab makes its own.
    expect(openAtOncePerFamilyMaximum).toBeLessThanOrEqual(2)
    expect(await tab.run(() => app.call('/orders'))).toBe(200)
  }, 300_000)

  /** Closes the tab for another, or loads it anew. */
  async function leave(tab: ChromiumTab, round: number): Promise<ChromiumTab> {
    if (round % 4 < 2) {
      await tab.reload()
      return tab
    }
    const next = await stage.chromium.openTab()
    await tab.close()
    return stage.world.openApp(next)
  }
})
