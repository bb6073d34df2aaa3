import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const pages = globSync(['docs/recipes/*.md', 'docs/migrate/*.md', 'docs/guides/testing.md'], { cwd: root })

/** A block of code that stands in a file too: `<!-- test/recipes/axios.ts -->` before it names the file. */
const quotation = /(<!-- (test\/recipes\/\S+) -->\n```ts\n)[\s\S]*?(```)/g

// `vitest run --project recipes pages -u` writes the files into the pages.
it.each(pages)('%s quotes its files as they are', async (page) => {
  const text = readFileSync(root + page, 'utf8')
  const quoted = text.replace(quotation, (_block, start: string, file: string, end: string) => {
    return `${start}${readFileSync(root + file, 'utf8')}${end}`
  })
  await expect(quoted).toMatchFileSnapshot(root + page)
})

it('each recipe is on a page, and is short', () => {
  const text = pages.map((page) => readFileSync(root + page, 'utf8')).join('')
  const recipes = globSync('test/recipes/*.ts', { cwd: root }).filter((file) => !/(\.test|fixture)\.ts$/.test(file))
  expect(recipes.filter((file) => !text.includes(`<!-- ${file} -->`))).toEqual([])
  expect(recipes.filter((file) => readFileSync(root + file, 'utf8').split('\n').length > 41)).toEqual([])
})
