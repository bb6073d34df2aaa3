import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { findPages } from './blocks.ts'

const root = new URL('../../', import.meta.url)
const pages = [
  ...findPages(),
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...globSync('examples/*/README.md', { cwd: fileURLToPath(root) }),
]

test.each(pages)('D5 no link of %s leads to a file or a heading that is not there', (page) => {
  const here = new URL(page, root)
  const links = [...readFileSync(here, 'utf8').matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)].map(([, link]) => String(link))
  expect(links.filter((link) => !isThere(new URL(link, here)))).toEqual([])
})

test.each(pages)('D5 every command that %s names is a script of the workspace', (page) => {
  const commands = readFileSync(new URL(page, root), 'utf8').matchAll(/\bpnpm(?:@12)?(?: --silent)? ([a-z][\w:-]*)/g)
  const known = new Set([...Object.keys(manifest.scripts), 'exec'])
  expect([...commands].map(([, command]) => String(command)).filter((command) => !known.has(command))).toEqual([])
})

test('D5 a dead link is found, to a file and to a heading', () => {
  const dead = ['docs/gone.md', 'README.md#gone', '#gone'].map((link) => new URL(link, new URL('README.md', root)))
  expect(dead.filter(isThere)).toEqual([])
  expect(isThere(new URL('README.md#do-i-need-this', root))).toBe(true)
})

function isThere(url: URL): boolean {
  const file = new URL(url.pathname, url)
  // The reference is made by the build of the site, which looks at its links.
  if (file.href.startsWith(new URL('docs/reference', root).href)) return true
  if (!existsSync(file)) return false
  return url.hash === '' || (statSync(file).isFile() && anchorsOf(readFileSync(file, 'utf8')).has(url.hash.slice(1)))
}

/** The headings of a page as GitHub names them, and the anchors that it gives itself. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)]
  const given = [...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => String(id))
  return new Set([...headings.map(([, title]) => nameOf(String(title))), ...given])
}

function nameOf(title: string): string {
  return title
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .toLowerCase()
    .replaceAll(' ', '-')
}
