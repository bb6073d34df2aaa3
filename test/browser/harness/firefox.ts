import { existsSync } from 'node:fs'
import puppeteer, { type Page } from 'puppeteer-core'
import type { Tab } from './tab.ts'

const executablePath = '/usr/bin/firefox-esr'

/** Whether there is a Firefox; where there is none, says so, since its tests are skipped then. */
export const hasFirefox = existsSync(executablePath)
if (!hasFirefox)
  console.warn(`SKIPPED: there is no ${executablePath}. Install it, or run \`pnpm setup:system\` as root.`)

/** A Firefox with a profile of its own, which it removes when it is closed. */
export interface Firefox extends AsyncDisposable {
  openTab(): Promise<Tab>
}

/** Starts the Firefox of the system, driven by WebDriver BiDi. */
export async function startFirefox(): Promise<Firefox> {
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true, timeout: 60_000 })
  return {
    openTab: async () => createTab(await browser.newPage()),
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

function createTab(page: Page): Tab {
  return {
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
