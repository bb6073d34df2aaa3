import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { compileCache } from '../support/program.ts'

const run = promisify(execFile)

/** The first block of TypeScript below a heading. */
async function readLines(path: string, { heading }: { heading: string }): Promise<string> {
  const readme = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8')
  const lines = /```ts\n([\s\S]*?)```/.exec(readme.slice(readme.indexOf(heading)))?.[1]
  if (lines === undefined || !readme.includes(heading)) throw new Error(`${path} has no such block of TypeScript`)
  return lines
}

/** What a program prints that stands in a folder where the packages are found. */
async function runProgram(program: string): Promise<string> {
  const folder = await mkdtemp(join(import.meta.dirname, '.readme-'))
  try {
    await writeFile(join(folder, 'program.ts'), program)
    const { stdout } = await run(process.execPath, ['--conditions=@authchart/source', join(folder, 'program.ts')], {
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
      timeout: 50_000,
    })
    return stdout
  } finally {
    await rm(folder, { recursive: true })
  }
}

it('runs the lines for the tests of an app, as they stand there', async () => {
  const lines = await readLines('packages/core/README.md', { heading: '## In your tests' })
  const print = 'console.log(JSON.stringify({ value, error, counts: endpoint.counts }))'
  expect(JSON.parse(await runProgram(`${lines}\n${print}\n`))).toMatchObject({
    value: expect.any(String),
    error: { name: 'SessionEndedError', reason: 'grantRejected' },
    counts: { requests: 3, issued: 2, refused: 1, reused: 0 },
  })
})
