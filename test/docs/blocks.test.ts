import { expect, test } from 'vitest'
import { findPages, readBlocks } from './blocks.ts'
import { compile } from './compile.ts'

test('D1 every block of TypeScript in the README and the docs compiles', async () => {
  const blocks = findPages()
    .flatMap(readBlocks)
    // Those that a file of `test/recipes` stands in are compiled there.
    .filter(({ language, comment }) => /^tsx?$/.test(language) && !/^test\/\S+$/.test(comment ?? ''))
  expect(blocks.length).toBeGreaterThan(30)
  expect(await compile(blocks)).toEqual([])
})

test('D1 a block that does not compile is found, by page and line', async () => {
  const code = "import { createSession } from '@authchart/core'\n\ncreateSession({ key: 1, store, grant })\n"
  const complaints = await compile([{ page: 'docs/guides/wrong.md', line: 7, language: 'ts', code }])
  expect(complaints).toEqual([expect.stringMatching(/^docs\/guides\/wrong\.md:9: .*TS2322/)])
})
