import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import type { ChromiumTab } from './harness/chromium.ts'
import { describeInChromium } from './harness/with-chromium.ts'
import { startWorld } from './harness/world.ts'
import { readRecord } from './read-record.ts'
import { expectOneRequestEach, shareSession } from './six-tabs.ts'

/** Resolves once the page has stopped: that is not so yet when the browser has been told. */
async function freeze(tab: ChromiumTab): Promise<void> {
  await tab.run(() => {
    document.addEventListener('freeze', () => document.documentElement.classList.add('frozen'), { once: true })
  })
  await tab.devTools.send('Page.setWebLifecycleState', { state: 'frozen' })
  const hasStopped = () => tab.run(() => document.documentElement.classList.contains('frozen'))
  await eventually(hasStopped, { description: 'the page to stop', withinMilliseconds: 20_000 })
}

describeInChromium('a tab that is not always there', (stage) => {
  async function openTabs(count: number): Promise<ChromiumTab[]> {
    const tabs: ChromiumTab[] = []
    for (let opened = 0; opened < count; opened += 1) tabs.push(await stage.chromium.openTab())
    return tabs
  }

  it('B3 refreshes nothing unasked while it is hidden, and what is due as soon as it is shown', async () => {
    const { world } = stage
    const { server } = world
    const [tab, front] = (await openTabs(2)) as [ChromiumTab, ChromiumTab]
    server.lifetimes.accessToken = 2
    await world.openApp(tab)
    await front.page.bringToFront()
    const isHidden = () => tab.run(() => document.visibilityState === 'hidden')
    await eventually(isHidden, { description: 'the page to be hidden', withinMilliseconds: 20_000 })
    await world.signIn(tab)
    server.lifetimes.accessToken = 3600
    await tab.run(() => app.until(({ status }) => status === 'expired'))
    expect(server.counts.refreshes).toBe(0)
    await tab.page.bringToFront()
    await tab.run(() => app.until(({ status }) => status === 'fresh'))
    expectOneRequestEach(world, 1)
  })

  it('B3 refreshes while it is hidden for whoever asks', async () => {
    const { world } = stage
    const [tab, front] = (await openTabs(2)) as [ChromiumTab, ChromiumTab]
    await world.openApp(tab)
    await world.signIn(tab)
    await front.page.bringToFront()
    world.server.expireAccessTokens()
    expect(await tab.run(() => app.call('/orders'))).toBe(200)
    expectOneRequestEach(world, 1)
  })

  it('B3 says nothing when it is shown and nothing has changed', async () => {
    const { world } = stage
    const [tab, front] = (await openTabs(2)) as [ChromiumTab, ChromiumTab]
    await shareSession([tab], world)
    const seen = await tab.run(() => [app.notices.length, app.snapshots.length])
    for (let round = 0; round < 3; round += 1) {
      await front.page.bringToFront()
      await tab.run(() => app.session.getAccessToken().then(() => {}))
      await tab.page.bringToFront()
    }
    await tab.run(() => navigator.locks.request('a turn of the page', () => {}))
    expect(await tab.run(() => [app.notices.length, app.snapshots.length])).toEqual(seen)
    expect(world.server.counts.refreshes).toBe(0)
  })

  it('B4 adopts what another has rotated three times while it was frozen, without a request', async () => {
    const { world } = stage
    const [frozen, other] = (await openTabs(2)) as [ChromiumTab, ChromiumTab]
    await shareSession([frozen, other], world)
    await frozen.run(() => {
      const ticks = { count: 0 }
      Object.assign(globalThis, { ticks })
      setInterval(() => (ticks.count += 1), 10)
    })
    const countTicks = () => frozen.run(() => (globalThis as unknown as { ticks: { count: number } }).ticks.count)
    await other.page.bringToFront()
    await freeze(frozen)
    const before = await countTicks()
    const generations: number[] = [(await readRecord(other)).generation ?? 0]
    for (let rotation = 0; rotation < 3; rotation += 1) {
      await other.run(async () => void (await app.session.refresh()))
      generations.push((await readRecord(other)).generation ?? 0)
    }
    expect(generations).toEqual([...new Set(generations)].sort((one, next) => one - next))
    expect(await countTicks(), 'timers of the frozen page').toBe(before)
    expect(await frozen.run(() => app.session.getSnapshot().generation)).toBe(generations[0])

    await frozen.devTools.send('Page.setWebLifecycleState', { state: 'active' })
    await frozen.page.bringToFront()
    const newest = generations.at(-1) ?? 0
    await frozen.run((wanted) => app.until(({ generation }) => generation === wanted), newest)
    expect(await frozen.run(() => app.call('/orders'))).toBe(200)
    expect((await readRecord(frozen)).generation).toBe(newest)
    expectOneRequestEach(world, 3)
  })

  it('B4 keeps nobody from writing when it is frozen while it reads', async () => {
    const { world } = stage
    const [frozen, other] = (await openTabs(2)) as [ChromiumTab, ChromiumTab]
    await shareSession([frozen, other], world)
    await frozen.run(() => {
      const readOn = (): Promise<void> => app.store.read('acme:alice').then(readOn)
      for (let reader = 0; reader < 5; reader += 1) void readOn()
    })
    await other.page.bringToFront()
    await freeze(frozen)
    await other.run(async () => void (await app.session.refresh()))
    await frozen.devTools.send('Page.setWebLifecycleState', { state: 'active' })
    const { generation: newest = 0 } = await readRecord(other)
    await frozen.run((wanted) => app.until(({ generation }) => generation === wanted), newest)
    expectOneRequestEach(world, 1)
  })

  it('P31 B7 offline across the expiry: keeps what is stored, and is fresh without a click once it is online', async () => {
    const { world } = stage
    const { server } = world
    const [tab] = (await openTabs(1)) as [ChromiumTab]
    await world.openApp(tab)
    // Before it has the tokens: they are due in a second.
    await stage.chromium.context.setOffline(true)
    server.lifetimes.accessToken = 2
    await world.signIn(tab)
    server.lifetimes.accessToken = 3600
    const stored = await readRecord(tab)
    const failing = await tab.run(() => app.until(({ status, usable }) => status === 'transientFailure' && !usable))
    expect(failing).toMatchObject({ code: 'offline', online: false })
    expect(await tab.run(() => app.token())).toMatchObject({ error: 'RefreshUnavailableError', code: 'offline' })
    expect(await readRecord(tab)).toEqual(stored)
    expect(server.counts.refreshes).toBe(0)
    await stage.chromium.context.setOffline(false)
    await tab.run(() => app.until(({ status, online }) => status === 'fresh' && online))
    expectOneRequestEach(world, 1)
  })

  it('P29 B8 sees that eight hours have passed though no timer has fired', async () => {
    const { world } = stage
    const [tab] = (await openTabs(1)) as [ChromiumTab]
    await shareSession([tab], world)
    const { before, after, answer } = await tab.run(async () => {
      const before = app.session.getSnapshot()
      app.platform.setClockOn(8 * 60 * 60 * 1000)
      return { before, after: app.session.getSnapshot(), answer: await app.token() }
    })
    expect(after).toEqual(before)
    expect(answer).toMatchObject({ generation: expect.any(Number) })
    expect(answer).not.toMatchObject({ generation: before.generation })
    expectOneRequestEach(world, 1)
  })

  it('B8 refreshes as often by a clock that is two hours wrong, either way', async () => {
    const hours = [-2, 0, 2]
    const worlds = await Promise.all(hours.map(() => startWorld({ accessToken: 3 })))
    try {
      const tabs = await stage.openWindows(hours.length)
      for (const [index, world] of worlds.entries()) {
        const offsetMilliseconds = (hours[index] ?? 0) * 60 * 60 * 1000
        await world.openApp(tabs[index] as ChromiumTab, { offsetMilliseconds })
      }
      const began = performance.now()
      await Promise.all(worlds.map((world, index) => world.signIn(tabs[index] as ChromiumTab)))
      const counts = () => worlds.map(({ server }) => server.counts.refreshesIssued)
      await eventually(() => Math.min(...counts()) >= 5, {
        description: 'five refreshes by each of the clocks',
        withinMilliseconds: 30_000,
      })
      // None sooner than at half of a lifetime, and a tenth of that.
      expect(Math.max(...counts())).toBeLessThanOrEqual((performance.now() - began) / 1350)
      for (const world of worlds) expect(world.server.counts.reuseDetected).toBe(0)
    } finally {
      await Promise.all(worlds.map((world) => world[Symbol.asyncDispose]()))
    }
  })

  it('P43 B5 comes out of the back and forward cache signed out, when another has signed out meanwhile', async () => {
    const { world } = stage
    const [cached, other] = (await openTabs(2)) as [ChromiumTab, ChromiumTab]
    await shareSession([cached, other], world)
    await cached.page.bringToFront()
    await cached.open(`${world.origin}/elsewhere`)
    await other.run(() => app.session.signOut())
    await cached.page.goBack({ waitUntil: 'commit' })
    await eventually(() => cached.run(() => globalThis.app?.restored.includes(true) ?? false), {
      description: 'the page comes out of the cache',
    })
    await cached.run(() => app.until(({ status }) => status === 'signedOut'))
    expect(await cached.run(() => app.token())).toMatchObject({ error: 'NotSignedInError' })
    expect(world.server.counts.refreshes).toBe(0)
  })
})
