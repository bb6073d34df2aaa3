import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { type Spa, type SpaOptions, serveSpa } from '../../../examples/browser-spa/serve.ts'
import { hasChromium } from '../../support/chromium.ts'
import { type Chromium, type ChromiumTab, startChromium } from '../harness/chromium.ts'

/** What a test of the single-page app works with. */
export interface SpaStage {
  readonly spa: Spa
  /** Opens the app in a window of its own; nobody is signed in, unless `keepsSession`. */
  openApp(options?: { query?: string; keepsSession?: boolean; before?: () => void }): Promise<ChromiumTab>
}

/** Tests with the app in Chromium, served once for all of them; skipped, loudly, where there is no Chromium. */
export function describeSpa(name: string, options: SpaOptions, tests: (stage: SpaStage) => void): void {
  describe.runIf(hasChromium)(name, () => {
    let spa: Spa
    let chromium: Chromium

    beforeAll(async () => {
      ;[spa, chromium] = await Promise.all([serveSpa({ port: 0, ...options }), startChromium()])
    })
    afterEach(() => chromium.closeTabs())
    afterAll(() => Promise.all([chromium[Symbol.asyncDispose](), spa.close()]))

    tests({
      get spa() {
        return spa
      },
      async openApp({ query = '', keepsSession = false, before = () => {} } = {}) {
        const tab = await chromium.openTab({ window: true })
        if (!keepsSession) {
          await tab.devTools.send('Storage.clearDataForOrigin', { origin: spa.url, storageTypes: 'all' })
          await tab.devTools.send('Network.clearBrowserCookies')
        }
        await tab.page.addInitScript(before)
        await tab.open(spa.url + query)
        return tab
      },
    })
  })
}

/** Signs in at the authorization server, which asks nobody anything, and comes back. */
export async function signIn({ page }: ChromiumTab): Promise<void> {
  await page.getByRole('button', { name: /^Sign in/ }).click()
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
}
