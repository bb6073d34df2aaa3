import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { SiteConfig } from 'vitepress'
import { referenceSidebar, sidebar } from './sidebar.ts'
import { siteAddress } from './site.ts'

/**
 * Writes `llms.txt`, a list of the pages in the order of the sidebar, and each page as it was written beside its HTML.
 *
 * @see https://llmstxt.org
 */
export function writeTextsForModels({ pages, outDir, srcDir, site }: SiteConfig): void {
  const groups = [...sidebar().filter(({ text }) => text !== 'Reference'), ...referenceSidebar()]
  const sections = groups.map(({ text, items = [] }) => {
    const lines = items.map(({ text: title, link = '' }) => `- [${title}](${siteAddress}${fileOf(link)})`)
    return `## ${text}\n\n${lines.join('\n')}\n`
  })
  const text = `# ${site.title}\n\n> ${site.description}\n\n${sections.join('\n')}`
  writeFileSync(join(outDir, 'llms.txt'), text)
  for (const page of pages) {
    mkdirSync(dirname(join(outDir, page)), { recursive: true })
    cpSync(join(srcDir, page), join(outDir, page))
  }
}

/** The file of a link, which leaves out `index` and the ending. */
function fileOf(link: string): string {
  return `${link.replace(/^\//, '').replace(/(^|\/)$/, '$1index')}.md`
}
