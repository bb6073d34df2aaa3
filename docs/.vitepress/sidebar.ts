import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { DefaultTheme } from 'vitepress'

const docs = resolve(import.meta.dirname, '..')

/** The order in which the pages of a folder are to be read; others follow by name. */
const order = {
  start: ['index', 'single-page-app', 'command-line-tool', 'service'],
  guides: [
    'signing-in',
    'requests',
    'waiting-and-failing',
    'stores',
    'tabs',
    'many-machines',
    'dpop',
    'sign-out',
    'testing',
    'seeing-a-session',
    'security',
  ],
  reference: [
    'index',
    'core',
    ...['fetch', 'ky', 'oauth', 'providers', 'inspect', 'react'].map((door) => `core-${door}`),
  ],
}

export function sidebar(): DefaultTheme.SidebarItem[] {
  return [
    { text: 'Start', items: pagesOf('start', order.start) },
    { text: 'Guides', items: pagesOf('guides', order.guides) },
    { text: 'Works with', items: pages('providers', 'runtimes') },
    { text: 'Recipes', items: pagesOf('recipes', ['index']) },
    { text: 'Migrate', items: pagesOf('migrate', ['index']) },
    { text: 'When something is wrong', items: pages('troubleshooting', 'reasons-and-codes') },
    { text: 'How it works', items: pages('how-it-works', 'architecture', 'behaviours', 'performance', 'dependencies') },
    { text: 'Reference', items: pages('reference/index') },
  ].filter(({ items }) => items.length > 0)
}

/** The doors, which are many: shown only beside each other. */
export function referenceSidebar(): DefaultTheme.SidebarItem[] {
  return [{ text: 'Reference', items: pagesOf('reference', order.reference) }]
}

/** The pages of a folder, as many as there are. */
function pagesOf(folder: string, first: readonly string[]): DefaultTheme.SidebarItem[] {
  const names = globSync('*.md', { cwd: resolve(docs, folder) }).map((file) => basename(file, '.md'))
  const rest = names.filter((name) => !first.includes(name)).sort()
  return pages(...[...first, ...rest].map((name) => `${folder}/${name}`))
}

function pages(...paths: string[]): DefaultTheme.SidebarItem[] {
  return paths
    .filter((path) => existsSync(resolve(docs, `${path}.md`)))
    .map((path) => ({ text: titleOf(path), link: `/${path.replace(/(^|\/)index$/, '$1')}` }))
}

/** The heading of a page. */
function titleOf(path: string): string {
  const text = readFileSync(resolve(docs, `${path}.md`), 'utf8')
  return /^# (.+)$/m.exec(text)?.[1]?.replaceAll('`', '') ?? path
}
