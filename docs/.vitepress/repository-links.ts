import { existsSync, statSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'
import { repositoryAddress } from './site.ts'

const docs = resolve(import.meta.dirname, '..')
const root = resolve(docs, '..')

/**
 * Pages link to files of the repository by relative paths, so that the links work on GitHub too. On the site, those that
 * lead out of `docs` lead to the repository.
 */
export function linkToRepository(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('link-to-repository', ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.attrGet('href')
      if (token.type !== 'link_open' || href === null || !/^\.{1,2}\//.test(href)) continue
      const [path = '', anchor] = href.split('#')
      const target = resolve(dirname(env.path as string), path)
      if (!relative(docs, target).startsWith('..')) continue
      if (!existsSync(target)) throw new Error(`${env.path} links to ${href}, which is not there.`)
      const kind = statSync(target).isDirectory() ? 'tree' : 'blob'
      const address = `${repositoryAddress}/${kind}/main/${relative(root, target)}`
      token.attrSet('href', anchor === undefined ? address : `${address}#${anchor}`)
    }
  })
}
