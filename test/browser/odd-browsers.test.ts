import { expect, it } from 'vitest'
import type { ChromiumTab } from './harness/chromium.ts'
import { describeInChromium } from './harness/with-chromium.ts'
import type { AppConfiguration } from './page/configuration.ts'
import { readEntries, readRecord } from './read-record.ts'

const treatments = ['refused', 'dropped', 'nulled', 'all nulled'] as const

describeInChromium('a browser whose databases keep no CryptoKey', (stage) => {
  async function openApp(changes: Partial<AppConfiguration>): Promise<ChromiumTab> {
    return stage.world.openApp(await stage.chromium.openTab(), changes)
  }

  const check = (tab: ChromiumTab) =>
    tab.run(() =>
      app.session.checkStore().then(
        () => ({ code: 'good', message: '' }),
        ({ code, message }) => ({ code, message }),
      ),
    )

  it.each(treatments)('P83 is found by the check, which names the database and what helps: %s', async (keys) => {
    const tab = await openApp({ keys })
    expect(await tab.run(async () => (await app.session.ready).status)).toBe('signedOut')
    const { code, message } = await check(tab)
    expect(code).toBe('storeMissing')
    expect(message).toMatch(/database "authchart".*`fallback: "memory"`.*`fallback: "rawKey"`/)
    await expect(stage.world.signIn(tab)).rejects.toThrow(/StoreError/)
    expect(JSON.parse(await readEntries(tab))).toEqual([])
  })

  it.each(treatments)('P83 has its sessions in memory where the app asks for that: %s', async (keys) => {
    const tab = await openApp({ keys, memory: true })
    expect(await check(tab)).toMatchObject({ code: 'good' })
    await stage.world.signIn(tab)
    expect(await tab.run(() => app.session.refresh().then(() => true))).toBe(true)
    expect(await tab.run(() => app.fallbacks)).toEqual(['storeMissing'])
    expect(JSON.parse(await readEntries(tab))).toEqual([])
  })

  it.each(treatments)('P83 keeps the bytes of the key where the app asks for that, and says so: %s', async (keys) => {
    const tab = await openApp({ keys, rawKey: true })
    expect(await check(tab)).toMatchObject({ code: 'good' })
    await stage.world.signIn(tab)
    expect(await readRecord(tab)).toMatchObject({ status: 'signedIn', sealed: true })
    expect(await tab.run(() => app.fallbacks)).toEqual(['storeMissing'])
    await tab.reload()
    expect(await tab.run(async () => (await app.session.ready).status)).toBe('fresh')
    expect(await tab.run(() => app.session.refresh().then(() => true))).toBe(true)
    expect(await tab.run(() => app.fallbacks)).toEqual(['storeMissing'])
  })

  it.each(treatments)('P83 refuses a proof key that it would lose, and writes nothing: %s', async (keys) => {
    const tab = await openApp({ keys, rawKey: true })
    await stage.world.signIn(tab)
    const outcome = await tab.run(async () => {
      const record = await app.store.read('acme:alice')
      const proofKey = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
      const secrets = { ...record?.secrets, proofKey }
      const next = { ...record, revision: 'revision-2', secrets } as never
      return app.store.compareAndSet('acme:alice', record?.revision, next).then(String, ({ code }) => code)
    })
    expect(outcome).toBe('storeMissing')
    expect(await tab.run(async () => (await app.store.read('acme:alice'))?.status)).toBe('signedIn')
  })
})

describeInChromium('a database whose key', (stage) => {
  const losses = {
    'is gone': (entries: IDBObjectStore) => entries.delete(['sealingKey']),
    'came back as null': (entries: IDBObjectStore) => entries.put({ id: 'as-before', key: null }, ['sealingKey']),
    'came back as null, with all around it': (entries: IDBObjectStore) => entries.put(null, ['sealingKey']),
  }

  it.each(Object.entries(losses))('P82 %s holds a record that a sign-in can replace', async (_name, lose) => {
    const { world } = stage
    const tab = await world.openApp(await stage.chromium.openTab())
    await world.signIn(tab)
    await changeEntries(tab, lose)
    await tab.reload()
    const error = await tab.run(() =>
      app.store.read('acme:alice').then(
        () => undefined,
        ({ code, message, replaceToken, summary }) => ({ code, message, replaceToken, summary }),
      ),
    )
    expect(error).toMatchObject({ code: 'recordUnreadable', replaceToken: expect.any(String) })
    expect(error?.message).toMatch(/"acme:alice" in the database "authchart" .*the next sign-in replaces it/)
    expect(error?.summary).toMatchObject({ identity: { issuer: world.server.issuer } })
    await tab.run(() => app.store.check?.('acme:alice'))
    const written = await tab.run(async (unreadable) => {
      const record = JSON.parse(JSON.stringify({ ...(await foreignRecord()), revision: 'anew' }))
      const isWritten = await app.store.compareAndSet('acme:alice', { unreadable }, record)
      return { isWritten, revision: (await app.store.read('acme:alice'))?.revision }

      async function foreignRecord() {
        const tokenSet = { accessToken: 'a', tokenType: 'Bearer', receivedAt: 1 }
        const numbers = { formatVersion: 1, generation: 1, highestReservedGeneration: 1, rejectionStreak: 0 }
        return { ...numbers, signInId: 's', status: 'signedIn', identity: {}, secrets: { tokenSet } }
      }
    }, error?.replaceToken ?? '')
    expect(written).toEqual({ isWritten: true, revision: 'anew' })
    await tab.reload()
    expect(await tab.run(async () => (await app.store.read('acme:alice'))?.revision)).toBe('anew')
  })

  it('P82 is there, but whose record lost its proof key, lets a sign-in replace that', async () => {
    const tab = await stage.world.openApp(await stage.chromium.openTab())
    await stage.world.signIn(tab)
    await changeEntries(tab, (entries) => {
      entries.get(['record', 'acme:alice']).onsuccess = ({ target }) => {
        const { result } = target as IDBRequest<{ sealed: object }>
        entries.put({ ...result, sealed: { ...result.sealed, keys: { proofKey: null } } }, ['record', 'acme:alice'])
      }
    })
    await tab.reload()
    const error = await tab.run(() =>
      app.store.read('acme:alice').catch(({ code, replaceToken }) => ({ code, replaceToken })),
    )
    expect(error).toMatchObject({ code: 'recordUnreadable', replaceToken: expect.any(String) })
  })

  async function changeEntries(tab: ChromiumTab, change: (entries: IDBObjectStore) => void): Promise<void> {
    await tab.run((source) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      indexedDB.open('authchart').onsuccess = ({ target }) => {
        const database = (target as IDBOpenDBRequest).result
        const transaction = database.transaction('entries', 'readwrite')
        new Function('entries', `(${source})(entries)`)(transaction.objectStore('entries'))
        transaction.oncomplete = () => {
          database.close()
          resolve()
        }
      }
      return promise
    }, String(change))
  }
})

describeInChromium('a browser that leaves calls without an answer', (stage) => {
  it.each([
    ['the first opening', { opens: 1 }],
    ['the first transaction', { transactions: 1 }],
  ])('P78 is asked anew after a few seconds, and the session comes to itself: %s', async (_name, silent) => {
    const tab = await stage.world.openApp(await stage.chromium.openTab(), { silent })
    expect(await tab.run(async () => (await app.session.ready).status)).toBe('signedOut')
    await stage.world.signIn(tab)
    expect(await readRecord(tab)).toMatchObject({ status: 'signedIn' })
    await tab.run(() => app.platform.keepSilent({ transactions: 1 }))
    expect(await tab.run(() => app.session.refresh().then(() => true))).toBe(true)
    expect(stage.world.server.counts.refreshes).toBe(1)
  })

  it('P78 is a passing trouble as long as it stays so, for a session in memory too', async () => {
    const tab = await stage.world.openApp(await stage.chromium.openTab(), { silent: { opens: 2 }, memory: true })
    const read = () =>
      tab.run(() =>
        app.store.read('acme:alice').then(
          () => ({ code: 'good', message: '' }),
          ({ code, message }) => ({ code, message }),
        ),
      )
    const first = await read()
    expect(first.code === 'good' || /does not answer/.test(first.message)).toBe(true)
    expect(await read()).toMatchObject({ code: 'good' })
    expect(await tab.run(() => app.fallbacks)).toEqual([])
  })
})

describeInChromium('a browser without BroadcastChannel', (stage) => {
  it('P76 says once that hints are missing, and keeps its sessions all the same', async () => {
    const tab = await stage.chromium.openTab()
    await tab.page.addInitScript(() => Object.defineProperty(globalThis, 'BroadcastChannel', { value: undefined }))
    await stage.world.openApp(tab)
    const losses = await tab.run(async () => {
      const losses: string[] = []
      const unwatch = app.store.watch(
        'acme:alice',
        () => {},
        ({ message }) => losses.push(message),
      )
      await app.store.read('acme:alice')
      unwatch()
      return losses
    })
    expect(losses).toEqual([expect.stringMatching(/no BroadcastChannel/)])
    await stage.world.signIn(tab)
    expect(await readRecord(tab)).toMatchObject({ status: 'signedIn' })
  })
})
