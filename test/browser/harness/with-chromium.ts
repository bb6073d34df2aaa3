import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest'
import { hasChromium } from '../../support/chromium.ts'
import { type Chromium, type ChromiumTab, startChromium } from './chromium.ts'
import { startWorld, type World } from './world.ts'

/** What a test in Chromium works with. */
export interface Stage<StagedWorld = World> {
  readonly chromium: Chromium
  /** New for each test. */
  readonly world: StagedWorld
  /** Opens so many tabs, each in a window of its own, so that all of them are seen. */
  openWindows(count: number): Promise<ChromiumTab[]>
}

/** Tests in one Chromium, each with servers and an origin of its own; skipped, loudly, where there is none. */
export function describeInChromium(name: string, tests: (stage: Stage) => void): void {
  describeInWorld(name, startWorld, tests)
}

/** The same, with other servers. */
export function describeInWorld<StagedWorld extends AsyncDisposable>(
  name: string,
  start: () => Promise<StagedWorld>,
  tests: (stage: Stage<StagedWorld>) => void,
): void {
  describe.runIf(hasChromium)(name, () => {
    let chromium: Chromium
    let world: StagedWorld

    beforeAll(async () => {
      chromium = await startChromium()
    })
    beforeEach(async () => {
      world = await start()
    })
    afterEach(async () => {
      await chromium.closeTabs()
      await world[Symbol.asyncDispose]()
    })
    afterAll(() => chromium[Symbol.asyncDispose]())

    tests({
      get chromium() {
        return chromium
      },
      get world() {
        return world
      },
      async openWindows(count) {
        const tabs: ChromiumTab[] = []
        for (let opened = 0; opened < count; opened += 1) tabs.push(await chromium.openTab({ window: true }))
        return tabs
      },
    })
  })
}
