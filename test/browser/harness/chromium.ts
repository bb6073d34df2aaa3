import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core'
import { chromiumPath, quietSwitches } from '../../support/chromium.ts'
import type { Tab } from './tab.ts'

/** A tab of Chromium, with what only Chromium can be made to do. */
export interface ChromiumTab extends Tab {
  readonly page: Page
  readonly devTools: CDPSession
  /** All that the page has written to its console. */
  readonly console: readonly string[]
}

/** A Chromium with a profile of its own. */
export interface Chromium extends AsyncDisposable {
  readonly context: BrowserContext
  readonly profile: string
  /** Opens a tab: in a window of its own, which is seen whatever else is, or before the others in the first one. */
  openTab(options?: { window?: boolean }): Promise<ChromiumTab>
  closeTabs(): Promise<void>
}

const switches = [
  '--headless',
  ...quietSwitches,
  '--remote-debugging-port=0',
  // A host that is no loopback by name: its pages are no secure context.
  '--host-resolver-rules=MAP insecure.example 127.0.0.1',
]

/**
 * Starts the Chromium of the system. It is not launched by Playwright, which would pretend that every page is seen and
 * switch off the back and forward cache and the throttling of hidden pages: those are what is tested.
 */
export async function startChromium(moreSwitches: readonly string[] = []): Promise<Chromium> {
  const profile = await mkdtemp(join(tmpdir(), 'authchart-chromium-'))
  const child = spawn(chromiumPath, [...switches, ...moreSwitches, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const endpoint = await findEndpoint(child.stderr)
  const browser = await chromium.connectOverCDP(endpoint, { noDefaults: true })
  const [context] = browser.contexts()
  if (context === undefined) throw new Error('Chromium has no context')
  const browserDevTools = await browser.newBrowserCDPSession()

  return {
    context,
    profile,
    async openTab({ window = false } = {}) {
      const opening = context.waitForEvent('page')
      await browserDevTools.send('Target.createTarget', { url: 'about:blank', newWindow: window })
      return createTab(await opening, context)
    },
    async closeTabs() {
      // The first stays, or Chromium would go.
      for (const page of context.pages().slice(1)) await page.close()
    },
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit')
      await closeBrowser(browser, browserDevTools)
      await exit
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function closeBrowser(browser: Browser, devTools: CDPSession): Promise<void> {
  const gone = new Promise((resolve) => browser.once('disconnected', resolve))
  // The connection may end before the answer comes.
  await devTools.send('Browser.close').catch(() => {})
  await gone
}

async function findEndpoint(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface(output)) {
    const endpoint = /^DevTools listening on (ws:\S+)/.exec(line)?.[1]
    if (endpoint === undefined) continue
    output.resume()
    return endpoint
  }
  throw new Error('Chromium ended before it listened')
}

async function createTab(page: Page, context: BrowserContext): Promise<ChromiumTab> {
  const lines: string[] = []
  page.on('console', (message) => lines.push(message.text()))
  page.on('pageerror', (error) => lines.push(`${error.stack}`))
  return {
    page,
    devTools: await context.newCDPSession(page),
    console: lines,
    run: (work: (argument: never) => unknown, argument?: unknown) =>
      page.evaluate(work as (argument: unknown) => never, argument),
    async open(url) {
      await page.goto(url)
    },
    async reload() {
      await page.reload()
    },
    close: () => page.close(),
  }
}
