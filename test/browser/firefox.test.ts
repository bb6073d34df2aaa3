import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from 'vitest'
import { type Firefox, hasFirefox, startFirefox } from './harness/firefox.ts'
import type { Tab } from './harness/tab.ts'
import { startWorld, type World } from './harness/world.ts'
import { keepContract } from './keep-contract.ts'
import { expireTogether, rejectTogether } from './six-tabs.ts'

describe.runIf(hasFirefox)('in Firefox', () => {
  let firefox: Firefox
  let world: World
  let tabs: Tab[]

  beforeAll(async () => {
    firefox = await startFirefox()
    tabs = []
    for (let opened = 0; opened < 6; opened += 1) tabs.push(await firefox.openTab())
  })
  beforeEach(async () => {
    world = await startWorld()
  })
  afterEach(async () => {
    await Promise.all(tabs.map((tab) => tab.open('about:blank')))
    await world[Symbol.asyncDispose]()
  })
  afterAll(() => firefox[Symbol.asyncDispose]())

  it('the store in IndexedDB keeps the contract of stores', async () => {
    // The one in front: the timers of the others are slow.
    await keepContract(tabs.at(-1) as Tab, world)
  })

  it('P17 B1 six tabs expire together, and make one token request', async () => {
    await expireTogether(tabs, world)
  })

  it('P17 B1 six tabs are all answered 401, and make one token request', async () => {
    await rejectTogether(tabs, world)
  })
})
