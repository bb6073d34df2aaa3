import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** Kept for people to look at; git does not. */
const output = fileURLToPath(new URL('../../../output/browser-spa/', import.meta.url))
mkdirSync(output, { recursive: true })

const widths = {
  desktop: { width: 1280, height: 900 },
  phone: { width: 360, height: 740 },
} as const

/** Takes pictures of the page at both widths and in both themes, and sees that axe finds nothing and nothing sticks out. */
export async function show(page: Page, state: string): Promise<void> {
  // A picture of the whole page has none, and would be laid out anew without it.
  const devTools = await page.context().newCDPSession(page)
  await devTools.send('Emulation.setScrollbarsHidden', { hidden: true })
  await page.evaluate(axe.source)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const [width, viewport] of Object.entries(widths)) {
      await page.setViewportSize(viewport)
      await page.screenshot({ path: `${output}${state}-${width}-${colorScheme}.png`, fullPage: true })
      expect(await page.evaluate(overhang), `${state}, ${width}`).toBe(0)
    }
    expect(await findViolations(page), `${state}, ${colorScheme}`).toEqual([])
  }
}

/** By how many pixels the page is wider than what is seen of it. */
function overhang(): number {
  const { scrollWidth, clientWidth } = document.documentElement
  return scrollWidth - clientWidth
}

/** What axe finds: the rule, and where. */
function findViolations(page: Page): Promise<string[]> {
  // As a text: `axe` is known in the page only.
  return page.evaluate(`axe
    .run({ resultTypes: ['violations'] })
    .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`)
}

/** A picture of what is seen. */
export async function capture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${output}${name}.png` })
}
