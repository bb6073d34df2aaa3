import { expect } from '@playwright/test'
import { test } from '../../recipes/playwright.ts'
import type {} from '../page/redirect.ts'

test('begins signed in, and meets the trouble that it makes', async ({ page, endpoint }) => {
  const status = () => page.evaluate(() => globalThis.site?.session.getSnapshot().status)
  await expect.poll(status).toBe('fresh')
  expect(await page.evaluate(() => site.session.claims?.sub)).toBe('alice')
  endpoint.revoke()
  await page.evaluate(() => site.session.refresh().catch(() => {}))
  await expect.poll(status).toBe('invalidated')
})
