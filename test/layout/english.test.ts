import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const patterns = [
  'packages/*/src/**/*.ts',
  'examples/**/*.{ts,tsx,md}',
  '*.md',
  '{docs,docs/{start,guides,recipes,migrate},packages/*,.changeset}/*.md',
]
const exclude = (name: string) => name.endsWith('node_modules')
const root = fileURLToPath(new URL('../../', import.meta.url))

/** Words that make a sentence a riddle for readers in a hurry. "There is no key" is fine; "this is no key" is not. */
const riddles =
  /\b(?:(?:no|some|any|every)body|who(?:ever|mever)|whatever|(?<!\bthere )(?:is|are|was|were) no (?!longer\b|more\b)[a-z]+)\b/gi

test('comments, messages and docs are in plain English', async () => {
  expect(await findRiddles()).toEqual([])
})

test.each([
  'what it holds is no record',
  'Whoever waits',
  'nobody',
  'tokens\n * that are no\n * texts',
  'whatever it is',
])('%j would be found', (text) => {
  expect(readRiddles(text)).toHaveLength(1)
})

test.each(['there is no record', 'it is no longer there', 'says no', 'no body'])('%j is plain', (text) => {
  expect(readRiddles(text)).toEqual([])
})

/** Each with its file. */
async function findRiddles(): Promise<string[]> {
  const found: string[] = []
  for await (const file of glob(patterns, { cwd: root, exclude })) {
    if (file.endsWith('.test.ts')) continue
    found.push(...readRiddles(readFileSync(`${root}${file}`, 'utf8')).map((riddle) => `${file}: ${riddle}`))
  }
  return found
}

/** Also those that go on in the next line of a comment. */
function readRiddles(text: string): string[] {
  return text.replace(/\s*\n\s*(?:\*|\/\/)?\s*/g, ' ').match(riddles) ?? []
}
