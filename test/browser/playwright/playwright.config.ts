import { defineConfig } from '@playwright/test'
import { chromiumPath, quietSwitches } from '../../support/chromium.ts'

/** Started by `../playwright.test.ts`, which serves the app and says where. */
export default defineConfig({
  testDir: '.',
  outputDir: process.env.AUTHCHART_OUTPUT,
  reporter: 'line',
  workers: 1,
  timeout: 120_000,
  use: {
    baseURL: process.env.AUTHCHART_APP,
    launchOptions: { executablePath: chromiumPath, args: [...quietSwitches] },
  },
})
