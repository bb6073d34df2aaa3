import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startRedirectWorld } from './harness/redirect-world.ts'
import type { Tab } from './harness/tab.ts'
import { startWorld, type World } from './harness/world.ts'
import { keepContract } from './keep-contract.ts'
import { expireTogether, rejectTogether } from './six-tabs.ts'

/** A browser of another engine than Chromium's. */
export interface OtherEngine extends AsyncDisposable {
  openTab(): Promise<Tab>
}

/** What further tests of an engine work with. */
export interface EngineStage<Engine extends OtherEngine> {
  readonly engine: Engine
  /** New for each test. */
  readonly world: World
  /** Six of them. */
  readonly tabs: readonly Tab[]
}

/** The store, six tabs that share it and the redirect in another engine, and what else there is to see in it. */
export function describeInEngine<Engine extends OtherEngine>(
  name: string,
  { isThere, start }: { isThere: boolean; start: () => Promise<Engine> },
  tests: (stage: EngineStage<Engine>) => void = () => {},
): void {
  describe.runIf(isThere)(`in ${name}`, () => {
    let engine: Engine
    let world: World
    let tabs: Tab[]

    beforeAll(async () => {
      engine = await start()
      tabs = []
      for (let opened = 0; opened < 6; opened += 1) tabs.push(await engine.openTab())
    })
    beforeEach(async () => {
      world = await startWorld()
    })
    afterEach(async () => {
      await Promise.all(tabs.map((tab) => tab.open('about:blank')))
      await world[Symbol.asyncDispose]()
    })
    afterAll(() => engine[Symbol.asyncDispose]())

    it('the store in IndexedDB keeps the contract of stores', async () => {
      // The one in front: the timers of the others may be slow.
      await keepContract(tabs.at(-1) as Tab, world)
    })

    it('P17 B1 six tabs expire together, and make one token request', async () => {
      await expireTogether(tabs, world)
    })

    it('P17 B1 six tabs are all answered 401, and make one token request', async () => {
      await rejectTogether(tabs, world)
    })

    it('R1 signs in by leaving the page, and stays signed in', async () => {
      await using world = await startRedirectWorld()
      const [tab] = tabs as [Tab]
      await tab.open(`${world.origin}/orders?open=5#top`)
      const visit = await tab.run(() => {
        void site.begin()
        return site.visit
      })
      const comeBack = (before: string) => (globalThis.site?.visit ?? before) !== before
      await eventually(() => tab.run(comeBack, visit).catch(() => false), { description: 'the way back' })
      expect(await tab.run(() => site.outcomes)).toEqual([{ returnTo: '/orders?open=5#top', status: 'fresh' }])
      expect(await tab.run(() => location.href)).toBe(`${world.origin}/orders?open=5#top`)
      await tab.reload()
      expect(await tab.run(() => site.outcomes)).toEqual(['nothing'])
      expect(await tab.run(async () => (await site.session.refresh()).type)).toBe('Bearer')
      expect(await tab.run(() => site.call('/orders'))).toBe(200)
      expect(world.server.counts).toMatchObject({ total: 2, refreshes: 1, reuseDetected: 0 })
    })

    tests({
      get engine() {
        return engine
      },
      get world() {
        return world
      },
      get tabs() {
        return tabs
      },
    })
  })
}
