import { describe, expect, it } from 'vitest'
import { readModuleImports } from './module-imports.ts'

describe('readModuleImports', () => {
  it.each([
    ["import { a } from './a.ts'", './a.ts', false],
    ["import a from 'a'", 'a', false],
    ["import 'a'", 'a', false],
    ["import type { A } from './a.ts'", './a.ts', true],
    ["import { type A } from './a.ts'", './a.ts', false],
    ["import { type A, b } from './a.ts'", './a.ts', false],
    ["export { a } from './a.ts'", './a.ts', false],
    ["export type { A } from './a.ts'", './a.ts', true],
    ["export const a = async () => await import('a')", 'a', false],
    ["export type A = import('a').A", 'a', true],
    ["export type A = typeof import('a')", 'a', true],
  ])('sees %s', (source, specifier, typeOnly) => {
    expect(readModuleImports('file.ts', source)).toEqual([{ specifier, typeOnly, exportsAll: false, line: 1 }])
  })

  it('tells a re-export of everything, and its line', () => {
    const source = "\nexport * from './a.ts'\nexport * as b from './b.ts'\n"
    expect(readModuleImports('file.ts', source)).toMatchObject([
      { specifier: './a.ts', exportsAll: true, line: 2 },
      { specifier: './b.ts', exportsAll: true, line: 3 },
    ])
  })

  it('sees nothing in comments, strings and local exports', () => {
    const source = "// import 'a'\nexport const text = \"import 'a'\"\nconst b = 1\nexport { b }\n"
    expect(readModuleImports('file.ts', source)).toEqual([])
  })

  it('refuses a computed import', () => {
    expect(() => readModuleImports('file.ts', 'export const load = (name: string) => import(name)')).toThrow(/computed/)
  })

  it('refuses what does not parse', () => {
    expect(() => readModuleImports('file.ts', 'import {')).toThrow('file.ts')
  })
})
