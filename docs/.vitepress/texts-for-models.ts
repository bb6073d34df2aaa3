import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { SiteConfig } from 'vitepress'
import { titleOf } from './sidebar.ts'
import { siteAddress } from './site.ts'

/**
 * Writes `llms.txt`, a list of the pages, and each page as it was written beside its HTML.
 *
 * @see https://llmstxt.org
 */
export function writeTextsForModels({ pages, outDir, srcDir, site }: SiteConfig): void {
  const lines = pages
    .filter((page) => page !== 'index.md')
    .sort()
    .map((page) => `- [${titleOf(page.replace(/\.md$/, ''))}](${siteAddress}${page})`)
  const text = `# ${site.title}\n\n> ${site.description}\n\n## Pages\n\n${lines.join('\n')}\n`
  writeFileSync(join(outDir, 'llms.txt'), text)
  for (const page of pages) {
    mkdirSync(dirname(join(outDir, page)), { recursive: true })
    cpSync(join(srcDir, page), join(outDir, page))
  }
}
