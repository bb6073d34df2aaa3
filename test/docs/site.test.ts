import { globSync, mkdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findUndocumented, type Reference, readReference, writeReference } from '@authchart/docs/reference'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LoopbackServer } from '../authorization-server/loopback-server.ts'
import { hasChromium, startChromium } from '../support/chromium.ts'
import { isSoak } from '../support/soak.ts'
import { base, buildSite, output, serveSite } from './site.ts'

let reference: Reference
let site: LoopbackServer

beforeAll(async () => {
  reference = await readReference()
  await writeReference(reference)
  await buildSite()
  site = await serveSite()
})
afterAll(() => site[Symbol.asyncDispose]())

test('D4 the reference has every export with a sentence, and every option with its default and unit', () => {
  expect(reference.application.logger.warningCount).toBe(0)
  expect(findUndocumented(reference.project)).toEqual([])
})

test('D5 no link of the site leads to a page or an anchor that is not there', () => {
  const pages = new Map(builtPages().map((page) => [page, readFileSync(join(output, page), 'utf8')]))
  const anchors = new Map([...pages].map(([page, html]) => [page, new Set(idsIn(html))]))
  const dead = [...pages].flatMap(([page, html]) =>
    linksIn(html)
      .map((href) => new URL(href, `http://docs.example${base}${page}`))
      .filter(({ origin, pathname }) => origin === 'http://docs.example' && !/\.(?!html)\w+$/.test(pathname))
      .filter(({ pathname, hash }) => anchors.get(fileOf(pathname))?.has(decodeURIComponent(hash.slice(1))) !== true)
      .map(({ pathname, hash }) => `${page}: ${pathname}${hash}`),
  )
  expect(dead).toEqual([])
})

test('D5 llms.txt lists every page, and each is there as it was written', () => {
  const listed = [...readFileSync(join(output, 'llms.txt'), 'utf8').matchAll(/\((.*?)\)$/gm)].map(([, url]) =>
    new URL(String(url)).pathname.slice(base.length),
  )
  const pages = builtPages().filter((page) => !['index.html', '404.html'].includes(page))
  expect(listed.sort()).toEqual(pages.map((page) => page.replace(/html$/, 'md')).sort())
  for (const page of listed) expect(readFileSync(join(output, page), 'utf8')).toMatch(/^#|^---|^<!--/)
})

describe.runIf(hasChromium)('the pages of the site in Chromium', () => {
  let chromium: Browser

  beforeAll(async () => {
    chromium = await startChromium()
  })
  afterAll(() => chromium.close())

  test.each(isSoak ? allPaths() : ['', 'how-it-works', 'reference/core-fetch'])(
    'D6 /%s has nothing that axe finds, in both themes, and nothing sticks out of a phone',
    async (path) => {
      const page = await chromium.newPage()
      await show(page, `${site.origin}${base}${path}`, path)
      await page.close()
    },
  )

  test('D6 finds a page by a word in it', async () => {
    const page = await chromium.newPage()
    await page.goto(`${site.origin}${base}`)
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByRole('searchbox').fill('rotationLost')
    const results = page.getByRole('listbox').getByRole('option')
    await results.filter({ hasText: 'Reasons and codes' }).first().locator('a').click()
    await page.getByRole('heading', { name: 'Reasons and codes', level: 1 }).waitFor()
    await page.close()
  })

  test('D6 steps through a recorded refresh', async () => {
    const page = await chromium.newPage()
    await page.goto(`${site.origin}${base}how-it-works`)
    const steps = page.getByRole('region', { name: 'A refresh, step by step' })
    await steps.getByLabel('Recording').selectOption('Two tabs ask at once')
    const next = steps.getByRole('button', { name: 'Next' })
    while (await next.isEnabled()) await next.click()
    expect(await steps.getByRole('status').textContent()).toContain('The server saw one token request.')
    expect(await steps.locator('[aria-current]').allTextContents()).toEqual(['fresh', 'idle', 'fresh', 'idle'])
    await page.close()
  })
})

/** Kept for people to look at; git does not. */
const pictures = fileURLToPath(new URL('../../output/docs/', import.meta.url))
mkdirSync(pictures, { recursive: true })

const widths = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } } as const

/** Takes pictures at both widths in both themes, and sees that axe finds nothing and nothing sticks out. */
async function show(page: Page, url: string, path: string): Promise<void> {
  // axe looks at the last width: in light at the phone's, in dark at the desktop's.
  const looks = { light: ['desktop', 'phone'], dark: ['phone', 'desktop'] } as const
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.goto(url, { waitUntil: 'load' })
    for (const width of looks[colorScheme]) {
      await page.setViewportSize(widths[width])
      const name = path.replaceAll('/', '-') || 'home'
      await page.screenshot({ path: `${pictures}${name}-${width}-${colorScheme}.png` })
      const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(overhang, `${path}, ${width}`).toBeLessThanOrEqual(0)
    }
    expect(await findViolations(page), `${path}, ${colorScheme}`).toEqual([])
  }
}

/** What axe finds: the rule, and where. */
async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  // As a text: `axe` is known in the page only.
  return page.evaluate(`axe
    .run({ resultTypes: ['violations'] })
    .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`)
}

function builtPages(): string[] {
  return globSync('**/*.html', { cwd: output })
}

function allPaths(): string[] {
  const pages = globSync(['*.md', '{start,guides,recipes,migrate,reference}/*.md'], {
    cwd: fileURLToPath(new URL('../../docs/', import.meta.url)),
  })
  return pages.map((page) => page.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, ''))
}

/** The built page of a path. */
function fileOf(pathname: string): string {
  const path = decodeURIComponent(pathname.slice(base.length))
  return path === '' || path.endsWith('/') ? posix.join(path, 'index.html') : `${path.replace(/\.html$/, '')}.html`
}

function linksIn(html: string): string[] {
  return [...html.matchAll(/<a [^>]*?href="([^"]+)"/g)].map(([, href]) => String(href).replaceAll('&amp;', '&'))
}

/** The anchors of a page, and '' for the page itself. */
function idsIn(html: string): string[] {
  return ['', ...[...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => String(id))]
}
