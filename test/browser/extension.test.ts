import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hasChromium } from '../support/chromium.ts'
import { type ExtensionWorld, startExtensionWorld } from './harness/extension-world.ts'

describe.runIf(hasChromium)('a session in the background worker of an extension', () => {
  let world: ExtensionWorld
  beforeEach(async () => {
    world = await startExtensionWorld()
    const { page } = world.popup
    await page.getByText('signedOut').waitFor()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('fresh as alice').waitFor()
  })
  afterEach(() => world[Symbol.asyncDispose]())

  /** What the content script shows after a click. */
  async function askForOrders(): Promise<string> {
    const { page } = world.shop
    await page.reload()
    const button = page.getByRole('button')
    await button.click()
    await button.filter({ hasNotText: 'My orders' }).waitFor()
    return (await button.textContent()) ?? ''
  }

  it('E1 goes on in a worker that was stopped and is woken, for the content script and the popup', async () => {
    const { server, popup } = world
    expect(await askForOrders()).toContain('"subject":"alice"')
    expect(world.starts).toBe(1)

    await world.stopWorker()
    expect(await askForOrders()).toContain('"subject":"alice"')
    expect(world.starts).toBe(2)
    expect(server.counts.refreshes).toBe(0)

    await world.stopWorker()
    server.expireAccessTokens()
    expect(await askForOrders()).toContain('"subject":"alice"')
    expect(server.counts.refreshes).toBe(1)

    await world.stopWorker()
    await popup.reload()
    await popup.page.getByText('fresh as alice').waitFor()
    await popup.page.getByRole('button', { name: 'Sign out' }).click()
    await popup.page.getByText('signedOut').waitFor()
    await world.stopWorker()
    expect(await askForOrders()).toContain('NotSignedInError')
    expect(world.starts).toBe(5)
  })

  it('E1 loses nothing when the worker is stopped in the middle of a refresh', async () => {
    const { server } = world
    server.faults.setGrace(60_000)
    server.expireAccessTokens()
    const gate = server.faults.hold({ times: 1, afterCommit: true })
    await world.shop.page.getByRole('button').click()
    await gate.arrived()
    await world.stopWorker()
    gate.release()
    expect(await askForOrders()).toContain('"subject":"alice"')
    expect(server.counts).toMatchObject({ reuseDetected: 0, grantsRevoked: 0 })
  })

  it('E2 does for a content script what is meant for pages, and nothing else', async () => {
    expect(await world.askAsContentScript('orders')).toEqual({ orders: expect.stringContaining('alice') })
    for (const question of ['status', 'signIn', 'signOut', 'toString']) {
      expect(await world.askAsContentScript(question), question).toBeUndefined()
    }
    await world.popup.reload()
    await world.popup.page.getByText('fresh as alice').waitFor()
  })
})
