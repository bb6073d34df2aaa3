import { expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import type { Tab } from './harness/tab.ts'
import { hasWebKit, startWebKit } from './harness/webkit.ts'
import { describeInEngine } from './other-engine.ts'
import { readEntries, readRecord } from './read-record.ts'
import { expectOneRequestEach, shareSession } from './six-tabs.ts'

describeInEngine('WebKit', { isThere: hasWebKit, start: startWebKit }, (stage) => {
  it('P55 keeps a CryptoKey that cannot be exported, and what it seals, for pages to come', async () => {
    const { world } = stage
    const [tab, other] = stage.tabs as [Tab, Tab]
    await world.openApp(tab)
    await tab.run(() => app.session.checkStore())
    await world.signIn(tab)
    expect(await readRecord(tab)).toMatchObject({ status: 'signedIn', sealed: true })
    expect(await readEntries(tab)).not.toMatch(/access_token|accessToken|eyJ/)
    const key = await tab.run(async () => {
      const opening = indexedDB.open('authchart')
      await new Promise((resolve) => (opening.onsuccess = resolve))
      const request = opening.result.transaction('entries').objectStore('entries').get(['sealingKey'])
      await new Promise((resolve) => (request.onsuccess = resolve))
      opening.result.close()
      const { key } = request.result as { key: CryptoKey }
      const { name } = await crypto.subtle.exportKey('raw', key).then(
        () => ({ name: 'exported' }),
        (error) => error,
      )
      return { isKey: key instanceof CryptoKey, name }
    })
    expect(key).toEqual({ isKey: true, name: 'InvalidAccessError' })
    await tab.reload()
    for (const page of [tab, await world.openApp(other)]) expect(await page.run(() => app.call('/orders'))).toBe(200)
    expect(world.server.counts.refreshes).toBe(0)
  })

  it('B3 refreshes nothing unasked while it is hidden, and what is due as soon as it is shown', async () => {
    const { world } = stage
    const { server } = world
    const front = await stage.engine.openTab('window')
    const hidden = await stage.engine.openTab('tab')
    server.lifetimes.accessToken = 2
    await world.openApp(hidden)
    const isHidden = () => hidden.run(() => document.visibilityState === 'hidden')
    await eventually(isHidden, { description: 'the page to be hidden', withinMilliseconds: 20_000 })
    await world.signIn(hidden)
    server.lifetimes.accessToken = 3600
    await hidden.run(() => app.until(({ status }) => status === 'expired'))
    expect(server.counts.refreshes).toBe(0)
    await front.close()
    await hidden.run(() => app.until(({ status }) => status === 'fresh'))
    expectOneRequestEach(world, 1)
    await hidden.close()
  })

  it('P43 B5 comes out of the back and forward cache signed out, when another has signed out meanwhile', async () => {
    const { world } = stage
    const [tab, other] = stage.tabs as [Tab, Tab]
    await shareSession([tab, other], world)
    await tab.open(`${world.origin}/elsewhere`)
    await other.run(async () => void (await app.session.signOut()))
    await tab.run(() => void setTimeout(() => history.back()))
    const isBack = () => globalThis.app?.restored.at(-1) === true
    await eventually(() => tab.run(isBack).catch(() => false), { description: 'the page that was put aside' })
    await tab.run(() => app.until(({ signedIn }) => !signedIn))
    expect(world.server.counts.refreshes).toBe(0)
  })

  it('B6 gives back what a tab held that goes in the middle of a refresh', async () => {
    const { world } = stage
    const [tab] = stage.tabs as [Tab]
    world.server.faults.setGrace(60_000)
    const leaving = await stage.engine.openTab()
    await shareSession([tab, leaving], world)
    const gate = world.server.faults.hold({ times: 1, afterCommit: true })
    await leaving.run(() => void app.session.refresh().catch(() => {}))
    await gate.arrived()
    await leaving.close()
    gate.release()
    expect(await tab.run(() => app.session.refresh().then(() => app.call('/orders')))).toBe(200)
    expect(world.server.counts).toMatchObject({ reuseDetected: 0, grantsRevoked: 0 })
  })

  it('ends a session by `await using`, though it has no Symbol.asyncDispose', async () => {
    const [tab] = stage.tabs as [Tab]
    await stage.world.openApp(tab)
    // As compilers write it for platforms without.
    const end = () => {
      const symbol: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')
      const session = app.openAnother()
      return session[symbol]().then(() =>
        session.getAccessToken().then(
          () => '',
          ({ name }) => name,
        ),
      )
    }
    expect(await tab.run(end)).toBe('SessionDisposedError')
  })
})
