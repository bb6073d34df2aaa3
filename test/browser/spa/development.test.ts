import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { capture } from './show.ts'
import { describeSpa, signIn } from './stage.ts'

describeSpa('the single-page app from source', {}, (stage) => {
  it('A3 has one session and one exchange though StrictMode mounts it twice, and one after a hot reload', async () => {
    const { server, vite } = stage.spa
    const tab = await stage.openApp({ before: countChannels })
    const { page } = tab
    await signIn(tab)
    expect(server.counts.byGrantType).toEqual({ authorization_code: 1 })
    expect(await page.getByRole('listitem').filter({ hasText: 'signedIn' }).count()).toBe(1)
    expect(await channels(page)).toEqual({ opened: 1, open: 1 })

    const module = await vite?.moduleGraph.getModuleByUrl('/session.ts')
    if (vite === undefined || module === undefined) throw new Error('The app is not served from source')
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }))
    const updated = page.waitForEvent('console', (message) => /hot updated.*app\.tsx/.test(message.text()))
    await vite.reloadModule(module)
    await updated
    await page.getByRole('button', { name: 'Refresh now' }).click()
    await page.getByRole('listitem').filter({ hasText: 'refreshed' }).waitFor()
    expect(await page.evaluate(() => 'isSamePage' in globalThis)).toBe(true)
    expect(
      await page
        .getByRole('listitem')
        .filter({ hasText: /refreshed|adopted/ })
        .count(),
    ).toBe(1)
    expect(await channels(page)).toEqual({ opened: 2, open: 1 })
    expect(server.counts.byGrantType).toEqual({ authorization_code: 1, refresh_token: 1 })
  })

  it('A4 shows its chart by ?inspect, also after a sign-in, and loads nothing of that otherwise', async () => {
    const tab = await stage.openApp()
    const { page } = tab
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    expect(await loadedForInspection(page)).toEqual([])

    await page.getByRole('link', { name: 'Show the chart' }).click()
    const chart = page.getByTitle('The chart of the session')
    await chart.scrollIntoViewIfNeeded()
    await chart.contentFrame().locator('[data-state="signedOut"].active').waitFor()
    await signIn(tab)
    expect(page.url()).toBe(`${stage.spa.url}?inspect`)
    await chart.scrollIntoViewIfNeeded()
    await chart.contentFrame().locator('[data-state="signedIn.token.fresh"].active').waitFor()
    await page.getByRole('button', { name: 'Refresh now' }).click()
    await chart.contentFrame().getByRole('option', { name: 'tokens.stored' }).waitFor()
    await chart.scrollIntoViewIfNeeded()
    await capture(page, 'inspected')
    expect((await loadedForInspection(page)).length).toBeGreaterThan(0)
  })
})

it('A5 starts by one command, says where it is, and stops at Ctrl-C', async () => {
  const main = fileURLToPath(new URL('../../../examples/browser-spa/main.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@authchart/source', main, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const { value: line } = await lines.next()
  const [url] = /http:\S+\//.exec(String(line)) ?? []
  const response = await fetch(String(url))
  expect(await response.text()).toContain('<title>authchart in a page</title>')
  const foreign = { method: 'POST', headers: { origin: 'https://elsewhere.example' } }
  expect((await fetch(`${url}stage/revoke`, foreign)).status).toBe(403)
  expect((await fetch(`${url}stage/configuration`, { headers: foreign.headers })).status).toBe(403)
  child.kill('SIGINT')
  expect(await exit).toEqual([0, null])
})

/** What the page has loaded of inspection, except for the panel that would load it. */
function loadedForInspection(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const urls = performance.getEntriesByType('resource').map(({ name }) => name)
    return urls.filter((url) => /inspect/.test(url) && !/inspect-panel/.test(url))
  })
}

/** Runs in the page, before anything of it does: each session listens to the other tabs by one channel. */
function countChannels(): void {
  const channels = { opened: 0, open: 0 }
  Object.assign(globalThis, { channels })
  globalThis.BroadcastChannel = class extends BroadcastChannel {
    constructor(name: string) {
      super(name)
      channels.opened += 1
      channels.open += 1
    }
    override close() {
      channels.open -= 1
      super.close()
    }
  }
}

function channels(page: Page): Promise<{ opened: number; open: number }> {
  return page.evaluate('channels')
}
