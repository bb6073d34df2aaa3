import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A block of code in a page. */
export interface CodeBlock {
  /** Below the root of the repository. */
  readonly page: string
  /** The line of the page where its code begins. */
  readonly line: number
  readonly language: string
  readonly code: string
  /** What a hidden comment right before it says, such as `start: service`. */
  readonly comment?: string
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/** All pages that people read about the library. */
export function findPages(): string[] {
  const pages = globSync(['README.md', 'packages/*/README.md', 'docs/**/*.md'], {
    cwd: root,
    exclude: (name) => name.includes('node_modules') || name.startsWith('docs/.vitepress') || name === 'docs/reference',
  })
  return pages.sort()
}

/** The blocks of code of a page, in their order. */
export function readBlocks(page: string): CodeBlock[] {
  const text = readFileSync(`${root}${page}`, 'utf8')
  const blocks = text.matchAll(/(?:^<!-- (?<comment>.*?) -->\n)?^ *```(?<language>\w+).*\n(?<code>[\s\S]*?)^ *```$/gm)
  return [...blocks].map(({ index, groups, 0: whole }) => {
    const { comment, language = '', code = '' } = groups ?? {}
    const before = text.slice(0, index) + whole.slice(0, whole.indexOf('```'))
    return { page, line: before.split('\n').length + 1, language, code, comment }
  })
}
