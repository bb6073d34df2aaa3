import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/** Where Debian's is. */
export const chromiumPath = '/usr/bin/chromium'

/** Whether the system's Chromium is here; where it is not, tests that need it are skipped, and say so. */
export const hasChromium = existsSync(chromiumPath)
if (!hasChromium) console.warn(`SKIPPED: ${chromiumPath} is missing. \`pnpm setup:system\` installs it on Debian.`)

/** Its own updates, experiments and look-ups would be requests to the outside. */
export const quietSwitches: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts Chromium with a profile of its own that leaves nothing behind, and without what it would do by itself. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath, args: [...quietSwitches] })
}
