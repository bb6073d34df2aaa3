import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasChromium, startChromium } from './harness/chromium.ts'
import { hasFirefox, startFirefox } from './harness/firefox.ts'
import type { Tab } from './harness/tab.ts'
import { startWorld, type World } from './harness/world.ts'

describe.each([
  { name: 'Chromium', isThere: hasChromium, start: startChromium },
  { name: 'Firefox', isThere: hasFirefox, start: startFirefox },
])('the store in IndexedDB, in $name', ({ isThere, start }) => {
  describe.runIf(isThere)('there', () => {
    let browser: Awaited<ReturnType<typeof start>>
    let world: World
    let tab: Tab

    beforeAll(async () => {
      ;[browser, world] = await Promise.all([start(), startWorld()])
      tab = await world.openApp(await browser.openTab())
    })

    afterAll(async () => {
      await browser[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    })

    it('keeps the contract of stores', async () => {
      const names = await tab.run(() => app.contractCases())
      expect(names.length).toBeGreaterThan(20)
      for (const name of names) {
        const problem = await tab.run((each) => app.runContractCase(each).then(() => '', String), name)
        expect.soft(problem, name).toBe('')
      }
    })
  })
})
