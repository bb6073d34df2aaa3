import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const executablePath = '/usr/bin/chromium'

/** Whether the system's Chromium is here; where it is not, tests that need it are skipped, and say so. */
export const hasChromium = existsSync(executablePath)
if (!hasChromium) console.warn(`SKIPPED: ${executablePath} is missing. \`pnpm setup:system\` installs it on Debian.`)

/** Starts Chromium with a profile of its own that leaves nothing behind, and without what it would do by itself. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
