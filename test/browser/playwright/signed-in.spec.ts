import { expect } from '@playwright/test'
import { test } from '../../recipes/playwright.ts'
import type {} from '../page/redirect.ts'

test('begins signed in, and meets the trouble that it makes', async ({ page, endpoint }) => {
  // The page leaves to sign in, and comes back: this looks again in each.
  await page.waitForFunction(() => globalThis.site?.session.getSnapshot().status === 'fresh')
  expect(await page.evaluate(() => site.session.claims?.sub)).toBe('alice')
  endpoint.revoke()
  await page.evaluate(() => site.session.refresh().catch(() => {}))
  await page.waitForFunction(() => site.session.getSnapshot().status === 'invalidated')
})
