import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runCommand } from '../../../scripts/run-command.ts'

test('D8 the sizes in the README are the measured ones, to the kilobyte', () => {
  runCommand('node', ['scripts/build.ts'])
  const measured = JSON.parse(runCommand('size-limit', ['--json'])) as { name: string; size: number }[]
  const shown = readSizes()
  expect(shown.size).toBeGreaterThan(3)
  for (const [name, kilobytes] of shown) {
    const { size = Number.NaN } = measured.find((each) => each.name === name) ?? {}
    expect(Math.abs(size / 1000 - kilobytes), `${name}: ${size} bytes`).toBeLessThan(1)
  }
})

/** What the README says, by the names of `.size-limit.ts`. */
function readSizes(): Map<string, number> {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
  const table = /<!-- sizes -->\n([\s\S]*?)<!-- end of sizes -->/.exec(readme)?.[1] ?? ''
  return new Map([...table.matchAll(/^\| (.+) \| (\d+) \|$/gm)].map(([, name, size]) => [String(name), Number(size)]))
}
