import { describe, expect, it } from 'vitest'
import { findTarballFaults } from './tarball-faults.ts'

const soundPackage = {
  'package.json': '{ "name": "a", "exports": { ".": "./dist/index.js" } }',
  'README.md': '# a',
  LICENSE: 'MIT',
  'src/index.ts': "export type { Session } from './session/session.ts'",
  'src/session/session.ts': 'export interface Session {}',
  'dist/index.js': 'export {}',
  'dist/index.js.map': '{}',
  'dist/index.d.ts': "export type { Session } from './session/session.ts'",
  'dist/chunks/ABC.js': 'export {}',
  'dist/session/session.d.ts': 'export interface Session {}',
}

function faultsWith(changes: Record<string, string | undefined>): string[] {
  const entries = Object.entries<string | undefined>({ ...soundPackage, ...changes })
  return findTarballFaults(new Map(entries.filter((entry): entry is [string, string] => entry[1] !== undefined)))
}

describe('findTarballFaults', () => {
  it('has nothing to say of a sound package', () => {
    expect(faultsWith({})).toEqual([])
  })

  it.each([
    ['a missing licence', { LICENSE: undefined }, 'LICENSE is missing'],
    ['a test', { 'src/a.test.ts': '', 'dist/a.test.js': '' }, 'src/a.test.ts does not belong there'],
    ['a build record', { 'dist/.tsbuildinfo': '' }, 'dist/.tsbuildinfo does not belong there'],
    ['a built file whose source is gone', { 'dist/old.js': '' }, 'dist/old.js has no source'],
    ['a door that was not built', { 'src/new.ts': '', 'dist/new.d.ts': '' }, 'src/new.ts is not built'],
    ['a source that was not declared', { 'src/a/new.ts': '' }, 'src/a/new.ts is not declared'],
    ['a declaration whose source is gone', { 'dist/old.d.ts': '' }, 'dist/old.d.ts has no source'],
    [
      'the source condition',
      { 'package.json': '{ "name": "a", "exports": { "@authchart/source": "" } }' },
      '@authchart/source',
    ],
    ['a dependency by catalog', { 'package.json': '{ "dependencies": { "b": "catalog:" } }' }, 'catalog:'],
    [
      'an index door that reaches the chart, however deep',
      { 'dist/session/session.d.ts': "export type Actor = import('xstate').AnyActor" },
      'the types of the index door reach xstate in dist/session/session.d.ts',
    ],
  ])('tells %s', (_what, changes, fault) => {
    expect(faultsWith(changes)).toContainEqual(expect.stringContaining(fault))
  })
})
