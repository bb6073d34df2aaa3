import { expect, it } from 'vitest'
import {
  describeRedirect,
  openPage,
  outcomesOf,
  signInByRedirect,
  statusOf,
  untilAnotherVisit,
} from './harness/redirect-world.ts'

describeRedirect('signing in by leaving the page', (stage) => {
  it('R1 comes back to where it began, signed in, and stays so', async () => {
    const { world } = stage
    const tab = await openPage(stage, '/orders?open=5#top')
    expect(await outcomesOf(tab)).toEqual(['nothing'])
    await signInByRedirect(tab)
    expect(await outcomesOf(tab)).toEqual([{ returnTo: '/orders?open=5#top', status: 'fresh' }])
    expect(tab.page.url()).toBe(`${world.origin}/orders?open=5#top`)
    expect(await tab.run(() => site.session.claims?.sub)).toBe('alice')
    expect(await tab.run(() => site.call('/orders'))).toBe(200)
    expect(await tab.run(() => history.state)).toBeNull()
    await tab.reload()
    expect(await outcomesOf(tab)).toEqual(['nothing'])
    expect(await statusOf(tab)).toBe('fresh')
    expect(world.server.counts).toMatchObject({ total: 1, refreshes: 0 })
  })

  it('R1 goes where the app says, and leaves the address to a router that wants it', async () => {
    const { world } = stage
    world.configuration.options = { restoreAddress: false }
    world.configuration.completions = 0
    const tab = await openPage(stage, '/login')
    await signInByRedirect(tab, { returnTo: '/invoices#first' })
    await tab.run(() => history.replaceState({ router: 7 }, ''))
    expect(await tab.run(() => site.complete())).toEqual({ returnTo: '/invoices#first', status: 'fresh' })
    expect(tab.page.url()).toBe(`${world.origin}/callback`)
    expect(await tab.run(() => history.state)).toEqual({ router: 7 })
  })

  it('R1 takes the page without its query for the redirect URI where none is given', async () => {
    const { world } = stage
    world.configuration.options = { redirectUri: '/home' }
    const tab = await openPage(stage, '/home?page=2')
    await signInByRedirect(tab, { redirectUri: undefined })
    expect(await outcomesOf(tab)).toEqual([{ returnTo: '/home?page=2', status: 'fresh' }])
  })

  it('R2 exchanges the code once for calls that come together, in sessions of one key, and after one another', async () => {
    const { world } = stage
    world.configuration.keys = ['acme', 'acme']
    world.configuration.completions = 2
    const tab = await openPage(stage, '/orders')
    await signInByRedirect(tab)
    const completed = { returnTo: '/orders', status: 'fresh' }
    expect(await outcomesOf(tab)).toEqual([completed, completed, completed, completed])
    expect(await tab.run(() => site.complete())).toEqual(completed)
    await tab.run(() => history.pushState(null, '', '/invoices'))
    expect(await tab.run(() => site.complete())).toBe('nothing')
    expect(world.server.counts.total).toBe(1)
  })

  it('R1 leaves a user who has gone elsewhere in the app meanwhile where they are', async () => {
    const { world } = stage
    const gate = world.server.faults.hold({ grantType: 'authorization_code' })
    const tab = await openPage(stage, '/orders')
    await signInByRedirect(tab)
    await gate.arrived()
    await tab.run(() => history.pushState(null, '', '/help'))
    gate.release()
    expect(await outcomesOf(tab)).toEqual([{ returnTo: '/orders', status: 'fresh' }])
    expect(tab.page.url()).toBe(`${world.origin}/help`)
  })

  it('R2 goes on when the first caller gives up', async () => {
    const { world } = stage
    const tab = await openPage(stage, '/orders')
    const gate = world.server.faults.hold({ grantType: 'authorization_code' })
    await signInByRedirect(tab)
    const given = await tab.run(async () => {
      const giving = new AbortController()
      const first = site.complete({ signal: giving.signal })
      giving.abort(new Error('the component was unmounted'))
      return first
    })
    expect(given).toMatchObject({ code: 'the component was unmounted' })
    gate.release()
    expect(await outcomesOf(tab)).toEqual([{ returnTo: '/orders', status: 'fresh' }])
    expect(world.server.counts.total).toBe(1)
  })

  it('R2 sends no code again when the page is loaded anew during the exchange', async () => {
    const { world } = stage
    const tab = await openPage(stage, '/orders')
    const gate = world.server.faults.hold({ grantType: 'authorization_code' })
    await signInByRedirect(tab)
    await gate.arrived()
    await tab.reload()
    gate.release()
    expect(await outcomesOf(tab)).toEqual(['nothing'])
    expect(await statusOf(tab)).toBe('signedOut')
    expect(world.server.counts.total).toBe(1)
    await signInByRedirect(tab)
    expect(await outcomesOf(tab)).toEqual([{ returnTo: '/orders', status: 'fresh' }])
  })

  it('R2 sends no code again when its address is opened again: nothing if signed in, else an error', async () => {
    const { world } = stage
    const tab = await openPage(stage, '/orders')
    const callback = tab.page.waitForRequest((request) => request.url().includes('/callback?'))
    await signInByRedirect(tab)
    const address = (await callback).url()
    await outcomesOf(tab)
    await tab.open(address)
    expect(await outcomesOf(tab)).toEqual(['nothing'])
    expect(tab.page.url()).toBe(`${world.origin}/callback`)
    await tab.run(async () => void (await site.session.signOut()))
    await tab.open(address)
    expect(await outcomesOf(tab)).toMatchObject([{ error: 'SignInError', code: 'callbackRejected' }])
    expect(tab.page.url()).toBe(`${world.origin}/callback`)
    expect(world.server.counts.total).toBe(1)
  })

  it('R3 goes back to the page that was left, which hears of it and is signed in', async () => {
    const { world } = stage
    const tab = await openPage(stage, '/orders')
    const visit = await tab.run(() => site.visit)
    // By a click, as people do: else the browser may leave the page out when it goes back.
    await tab.page.mouse.click(5, 5)
    await signInByRedirect(tab)
    await outcomesOf(tab)
    const back = await tab.run(() => site.visit)
    await tab.run(() => history.back())
    await untilAnotherVisit(tab, back)
    expect(await tab.run(() => site.visit)).toBe(visit)
    await tab.page.waitForFunction(() => site.begun.length === 1)
    await tab.page.waitForFunction(() => site.session.getSnapshot().status === 'fresh')
    expect(await tab.run(() => site.begun)).toEqual(['nothing'])
    expect(await tab.run(() => site.complete())).toBe('nothing')
    expect(world.server.counts.total).toBe(1)
  })

  it('P52 stays on the page when the store could not keep the sign-in', async () => {
    const { world } = stage
    const tab = await openPage(stage, '/orders')
    const outcome = await tab.run(async () => {
      await site.session.ready
      site.platform.refuseDatabases(true)
      return site.begin()
    })
    expect(outcome).toMatchObject({ error: 'StoreError', code: 'storeUnavailable' })
    expect(tab.page.url()).toBe(`${world.origin}/orders`)
    expect(await tab.run(() => sessionStorage.length)).toBe(0)
  })

  it('P63 brings a key that nobody can export, and nonces are met', async () => {
    const { world } = stage
    world.configuration.clientId = world.server.boundClient.id
    world.configuration.isBound = true
    world.server.dpop.requiresNonce = true
    world.api.dpop.requiresNonce = true
    const tab = await openPage(stage, '/orders')
    await signInByRedirect(tab)
    expect(await outcomesOf(tab)).toEqual([{ returnTo: '/orders', status: 'fresh' }])
    expect(await tab.run(() => site.call('/orders'))).toBe(200)
    const token = await tab.run(async () => {
      const { type, value } = await site.session.refresh()
      return { type, value }
    })
    expect(token.type).toBe('DPoP')
    expect((await world.server.findAccessToken(token.value))?.thumbprint).toBeTypeOf('string')
    await tab.reload()
    expect(await tab.run(() => site.call('/orders'))).toBe(200)
    expect(await tab.run(async () => (await site.session.refresh()).type)).toBe('DPoP')
    expect(await tab.run(() => site.call('/orders'))).toBe(200)
    expect(world.api.requests.map(({ proof }) => proof).slice(-2)).toEqual(['valid', 'valid'])
  })
})
