import { expect, it } from 'vitest'
import { tokenAnswers } from '../authorization-server/index.ts'
import { eventually } from '../support/eventually.ts'
import type { ChromiumTab } from './harness/chromium.ts'
import { describeInChromium } from './harness/with-chromium.ts'
import { readEntries, readRecord } from './read-record.ts'
import { expectOneRequestEach, shareSession } from './six-tabs.ts'

const cors = { 'access-control-allow-origin': '*' }

describeInChromium('a browser that stores nothing here', (stage) => {
  const places = [
    {
      name: 'a page without an origin, which IndexedDB is refused to',
      path: '/sandboxed',
      host: '127.0.0.1',
      hides: undefined,
      code: 'storeUnavailable',
    },
    { name: 'a page without IndexedDB', path: '/', host: '127.0.0.1', hides: 'indexedDB', code: 'storeUnavailable' },
    {
      name: 'no secure context, and so no Web Locks',
      path: '/',
      host: 'insecure.example',
      hides: undefined,
      code: 'storeMissing',
    },
  ] as const

  async function openIn({ path, host, hides }: (typeof places)[number], memory: boolean): Promise<ChromiumTab> {
    const tab = await stage.chromium.openTab()
    if (hides !== undefined) {
      await tab.page.addInitScript((name) => Object.defineProperty(globalThis, name, { value: undefined }), hides)
    }
    await tab.open(stage.world.address({ memory }, path).replace('127.0.0.1', host))
    return tab
  }

  it.each(places)('B10 says so at the start: $name', async (place) => {
    const tab = await openIn(place, false)
    const error = await tab.run(() =>
      app.session.ready.then(
        () => undefined,
        ({ name, code, message }) => ({ name, code, message }),
      ),
    )
    expect(error).toMatchObject({ name: 'StoreError', code: place.code })
    expect(error?.message).toMatch(/`fallback: "memory"`/)
    expect(await tab.run(() => app.session.getSnapshot())).toMatchObject({
      status: 'restoring',
      code: 'storeUnavailable',
    })
    expect(await tab.run(() => app.token())).toMatchObject({
      error: 'RefreshUnavailableError',
      code: 'storeUnavailable',
    })
  })

  it.each(places)('B10 keeps the session in memory where the app asks for it: $name', async (place) => {
    const tab = await openIn(place, true)
    await stage.world.signIn(tab)
    expect(await tab.run(() => app.session.refresh().then(() => true))).toBe(true)
    expect(await tab.run(() => app.fallbacks)).toEqual([place.code])
    expectOneRequestEach(stage.world, 1)
    await tab.reload()
    expect(await tab.run(() => app.until(({ status }) => status !== 'restoring'))).toMatchObject({
      status: 'signedOut',
    })
  })
})

describeInChromium('a database in trouble', (stage) => {
  /** A tab whose origin is given little space. */
  async function openTab(): Promise<ChromiumTab> {
    const tab = await stage.chromium.openTab({ window: true })
    await allow(tab, 300_000)
    return stage.world.openApp(tab)
  }

  async function allow(tab: ChromiumTab, quotaSize?: number): Promise<void> {
    const { origin } = stage.world
    await tab.devTools.send(
      'Storage.overrideQuotaForOrigin',
      quotaSize === undefined ? { origin } : { origin, quotaSize },
    )
  }

  const troubles = [
    {
      name: 'the space is used up',
      begin: (tab: ChromiumTab) => tab.run(() => app.platform.fillSpace()),
      end: (tab: ChromiumTab) => allow(tab),
    },
    {
      name: 'IndexedDB is refused all of a sudden',
      begin: (tab: ChromiumTab) => tab.run(() => app.platform.refuseDatabases(true)),
      end: (tab: ChromiumTab) => tab.run(() => app.platform.refuseDatabases(false)),
    },
  ]

  const noticesOf = (tab: ChromiumTab) => tab.run(() => app.notices.map(({ type }) => type))

  it.each(troubles)(
    'P52 B11 refuses a sign-in that cannot be kept, and tells before: $name',
    async ({ begin, end }) => {
      const { world } = stage
      const tab = await openTab()
      const check = () =>
        tab.run(() =>
          app.session.checkStore().then(
            () => 'good',
            ({ code }) => code,
          ),
        )
      await tab.run(async () => void (await app.session.ready))
      expect(await check()).toBe('good')
      await begin(tab)
      expect(await check()).toBe('storeUnavailable')
      await expect(world.signIn(tab)).rejects.toThrow(/StoreError/)
      expect(await tab.run(() => app.token())).toMatchObject({ error: 'NotSignedInError' })
      await end(tab)
      expect(await check()).toBe('good')
      await world.signIn(tab)
      expect(await readRecord(tab)).toMatchObject({ status: 'signedIn', sealed: true })
      expect(JSON.parse(await readEntries(tab))).toHaveLength(2)
    },
  )

  it.each(troubles)('B11 sends nothing while the intent cannot be written: $name', async ({ begin, end }) => {
    const { world } = stage
    const tab = await openTab()
    await world.signIn(tab)
    await begin(tab)
    expect(await tab.run(() => app.session.refresh().catch(({ code }) => code))).toBe('storeUnavailable')
    expect(await tab.run(() => app.call('/orders'))).toBe(200)
    expect(world.server.counts.refreshes).toBe(0)
    await end(tab)
    await tab.run(async () => void (await app.session.refresh()))
    expectOneRequestEach(world, 1)
  })

  it.each(troubles)('P47 B11 serves new tokens from memory until they can be stored: $name', async ({ begin, end }) => {
    const { world } = stage
    const { server } = world
    const tab = await openTab()
    await world.signIn(tab)
    const before = await readRecord(tab)
    const gate = server.faults.hold({ times: 1 })
    await tab.run(() => void app.session.refresh().catch(() => {}))
    await gate.arrived()
    await begin(tab)
    gate.release()
    await tab.run((old) => app.until(({ generation }) => generation > old), before.generation ?? 0)
    expect(await noticesOf(tab)).toEqual(['signedIn', 'unstored'])
    expect(await tab.run(() => app.call('/orders'))).toBe(200)
    await end(tab)
    const { generation } = await tab.run(() => app.until(({ status }) => status === 'fresh', 20_000))
    expect(await noticesOf(tab)).toEqual(['signedIn', 'unstored', 'stored', 'refreshed'])
    expect(await readRecord(tab)).toMatchObject({ generation, sealed: true })
    expectOneRequestEach(world, 1)
  })

  it.each(troubles)(
    'P42 B11 tells an end that cannot be stored, and stores it when it can: $name',
    async ({ begin, end }) => {
      const { world } = stage
      const { server } = world
      const tab = await openTab()
      await world.signIn(tab)
      const { headers, ...refusal } = tokenAnswers.invalidGrant
      server.faults.answerWith({ ...refusal, headers: { ...headers, ...cors } })
      const gate = server.faults.hold({ times: 1 })
      await tab.run(() => void app.session.refresh().catch(() => {}))
      await gate.arrived()
      await begin(tab)
      gate.release()
      await tab.run(() => app.until(({ reason }) => reason === 'grantRejected'))
      expect(await noticesOf(tab)).toEqual(['signedIn', 'ended', 'endNotStored'])
      await end(tab)
      await eventually(async () => (await readRecord(tab)).status === 'ended', {
        description: 'the end is stored',
        withinMilliseconds: 20_000,
      })
      expect(server.counts.refreshes).toBe(1)
    },
  )

  it.each(troubles)('P53 B11 signs out here at least: $name', async ({ begin, end }) => {
    const { world } = stage
    const tab = await openTab()
    await world.signIn(tab)
    await begin(tab)
    const outcome = await tab.run(() =>
      app.session.signOut().then(
        () => 'told',
        ({ code }) => code,
      ),
    )
    expect(['told', 'storeUnavailable']).toContain(outcome)
    expect(await tab.run(() => app.token())).toMatchObject({ error: 'NotSignedInError' })
    await end(tab)
    await tab.run(() => app.session.signOut())
    expect(await readRecord(tab)).toMatchObject({ status: 'signedOut', sealed: false })
  })

  it('B12 opens its connection anew, at every step, however often it is lost without a word', async () => {
    const { world } = stage
    const tab = await openTab()
    await tab.run(() => app.platform.loseAfterEach())
    await world.signIn(tab)
    await tab.run(async () => void (await app.session.refresh()))
    expect(await tab.run(() => app.store.list().then((sessions) => sessions.length))).toBe(1)
    await tab.run(() => app.session.signOut())
    await world.signIn(tab)
    world.server.revokeGrant()
    expect(await tab.run(() => app.session.refresh().catch(({ reason }) => reason))).toBe('grantRejected')
    expect(await readRecord(tab)).toMatchObject({ status: 'ended' })
    expect(await noticesOf(tab)).toEqual(['signedIn', 'refreshed', 'signedOut', 'signedIn', 'ended'])
  })

  const deletions = [
    {
      name: 'by a page',
      remove: (tab: ChromiumTab) =>
        tab.run(
          () =>
            new Promise<string>((resolve) => {
              const deletion = indexedDB.deleteDatabase('authchart')
              deletion.onblocked = () => resolve('blocked')
              deletion.onsuccess = () => resolve('deleted')
            }),
        ),
    },
    {
      name: "by the browser, with the site's data",
      async remove(tab: ChromiumTab) {
        const { origin } = stage.world
        await tab.devTools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
        return 'deleted'
      },
    },
  ]

  it.each(deletions)(
    'B13 deleted $name: the session is over in every tab, and one can sign in anew',
    async ({ remove }) => {
      const { world } = stage
      const tabs = await stage.openWindows(2)
      const [tab] = tabs as [ChromiumTab]
      await shareSession(tabs, world)
      expect(await remove(tab)).toBe('deleted')
      for (const each of tabs) {
        expect(await each.run(() => app.until(({ status }) => status === 'invalidated'))).toMatchObject({
          reason: 'recordRemoved',
          usable: false,
        })
        expect((await noticesOf(each)).filter((type) => type === 'ended')).toHaveLength(1)
      }
      await world.signIn(tab)
      for (const each of tabs) await each.run(() => app.until(({ status }) => status === 'fresh'))
      await tab.run(async () => void (await app.session.refresh()))
      expectOneRequestEach(world, 1)
    },
  )

  it('B13 deleted and made anew by another tab: what is written with the old key in mind, the other can open', async () => {
    const { world } = stage
    const [tab, other] = (await stage.openWindows(2)) as [ChromiumTab, ChromiumTab]
    await world.openApp(tab)
    await world.openApp(other, { key: 'acme:bob' })
    await world.signIn(tab)
    await world.signIn(other)
    const record = await other.run(async () => JSON.stringify(await app.store.read('acme:bob')))
    expect(await deletions[0]?.remove(tab)).toBe('deleted')
    for (const each of [tab, other]) await each.run(() => app.until(({ reason }) => reason === 'recordRemoved'))
    // A page that knows of no key makes a new one. The other watches another session, and so has not looked since.
    await tab.reload()
    await world.signIn(tab)
    await other.run(
      async (text) => void (await app.store.compareAndSet('acme:carol', undefined, JSON.parse(text))),
      record,
    )
    expect(await tab.run(async () => JSON.stringify(await app.store.read('acme:carol')))).toBe(record)
  })

  it.each(deletions)('B13 deleted $name during a token request: the tokens are revoked', async ({ remove }) => {
    const { world } = stage
    const { server } = world
    const tab = await openTab()
    await world.signIn(tab)
    const gate = server.faults.hold({ times: 1 })
    await tab.run(() => void app.session.refresh().catch(() => {}))
    await gate.arrived()
    expect(await remove(tab)).toBe('deleted')
    gate.release()
    await server.until(({ revocationRequests }) => revocationRequests > 0)
    expect(await tab.run(() => app.until(({ status }) => status === 'invalidated'))).toMatchObject({
      reason: 'recordRemoved',
    })
    expect(await readRecord(tab)).toMatchObject({ sealed: false })
  })
})
