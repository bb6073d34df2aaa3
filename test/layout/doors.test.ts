import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

type Exports = Record<string, string | Record<string, string>>

interface Manifest {
  readonly exports: Exports
  readonly publishConfig: { readonly access: string; readonly exports: Exports }
}

const packages = new URL('../../packages/', import.meta.url)

describe.each(readdirSync(packages))('the doors of %s', (name) => {
  const folder = new URL(`${name}/`, packages)
  const manifest = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as Manifest
  const doors = readdirSync(new URL('src/', folder), { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => entry.name.replace(/\.ts$/, ''))
    .sort()

  it('are the files directly in src, each with one entry in `exports`', () => {
    const expected = doors.map((door) => [
      subpathOf(door),
      // `types` lead to the source too: type checking and linting across packages need no build.
      { types: `./src/${door}.ts`, '@authchart/source': `./src/${door}.ts`, default: `./dist/${door}.js` },
    ])
    expect(manifest.exports).toEqual(Object.fromEntries([...expected, manifestEntry]))
  })

  it('are published as built files, without the source condition', () => {
    const expected = doors.map((door) => [
      subpathOf(door),
      { types: `./dist/${door}.d.ts`, default: `./dist/${door}.js` },
    ])
    expect(manifest.publishConfig.exports).toEqual(Object.fromEntries([...expected, manifestEntry]))
  })

  it('name `types` first and `default` last, since the first condition that matches wins', () => {
    for (const entry of [...Object.values(manifest.exports), ...Object.values(manifest.publishConfig.exports)]) {
      if (typeof entry === 'string') continue
      const conditions = Object.keys(entry)
      expect([conditions.at(0), conditions.at(-1)]).toEqual(['types', 'default'])
    }
  })

  it('are published for everybody', () => {
    expect(manifest.publishConfig.access).toBe('public')
  })
})

const manifestEntry = ['./package.json', './package.json'] as const

function subpathOf(door: string): string {
  return door === 'index' ? '.' : `./${door}`
}
