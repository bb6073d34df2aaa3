import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { CodeBlock } from './blocks.ts'
import { compile } from './compile.ts'

/** What the names at the left of a page are members of, and what its options are. */
const there: Readonly<Record<string, string>> = {
  'oidc-client-ts': `import * as library from 'oidc-client-ts'
    declare const there: typeof library & library.UserManager & library.UserManagerSettings & { user: library.User }
    type Options = Partial<library.UserManagerSettings>`,
  'auth0-spa-js': `import * as library from '@auth0/auth0-spa-js'
    import * as react from '@auth0/auth0-react'
    declare const there: typeof library & typeof react & library.Auth0Client
    type Options = Partial<library.Auth0ClientOptions>`,
  'msal-browser': `import * as library from '@azure/msal-browser'
    declare const there: typeof library & library.PublicClientApplication
    type Options = Partial<library.Configuration>`,
}

const here = `import * as core from '@authchart/core'
  import * as http from '@authchart/core/fetch'
  import * as ky from '@authchart/core/ky'
  import * as oauth from '@authchart/core/oauth'
  import * as providers from '@authchart/core/providers'
  import * as react from '@authchart/core/react'
  import * as browser from '@authchart/browser-store'
  import * as redirect from '@authchart/browser-store/redirect'
  declare const here: typeof core & typeof http & typeof ky & typeof oauth & typeof providers & typeof react &
    typeof browser & typeof redirect`

test('D1 what the pages about moving here say of the calls of other libraries compiles', async () => {
  const blocks = Object.entries(there).flatMap(([library, preamble]) =>
    readRows(library).map(({ left, ...row }) => blockOf(row, { code: left.filter(isCode), names: 'there', preamble })),
  )
  expect(blocks.length).toBeGreaterThan(40)
  expect(await compile(blocks)).toEqual([])
})

test('D1 what they say of ours compiles', async () => {
  const blocks = [...Object.keys(there), 'hand-written'].flatMap((library) =>
    readRows(library).map(({ right, ...row }) => {
      const code = right.filter((span) => /\(|^!?session\./.test(span))
      return blockOf(row, { code, names: 'here', preamble: here })
    }),
  )
  expect(await compile(blocks)).toEqual([])
})

interface Row {
  readonly page: string
  readonly line: number
  /** The code in each of its two columns. */
  readonly left: readonly string[]
  readonly right: readonly string[]
}

/** The rows of the first table of the page about a library. */
function readRows(library: string): Row[] {
  const page = `docs/migrate/${library}.md`
  const lines = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8').split('\n')
  const first = lines.findIndex((line) => line.startsWith('|---')) + 1
  const count = lines.slice(first).findIndex((line) => !line.startsWith('|'))
  return lines.slice(first, first + count).map((text, index) => {
    // A pipe in code is written with a backslash.
    const [, left = '', right = ''] = text.split(/(?<!\\)\|/)
    const spans = (cell: string) => [...cell.matchAll(/`(.+?)`/g)].map(([, code]) => String(code))
    return { page, line: first + index + 1, left: spans(left), right: spans(right) }
  })
}

/** Not what comes over the wire, such as `login_required`. */
function isCode(span: string): boolean {
  return !/^[a-z]+(_[a-z]+)+$/.test(span)
}

/** The code of a row as a module, in which each name that is called or begins an expression is a member of `names`. */
function blockOf(
  { page, line }: Pick<Row, 'page' | 'line'>,
  { code, names, preamble = '' }: { code: readonly string[]; names: string; preamble?: string },
): CodeBlock {
  const isOption = (span: string) => /^\w+:/.test(span)
  const expressions = code.filter((span) => !isOption(span)).join(';')
  const members = expressions.matchAll(/(?:^|;)(?:new |await )?(\w+)|(?<![.\w])(\w+)(?=\()|\.\.\.(\w+)/g)
  const given = new Set([...code.join(';').matchAll(/[{,] (\w+)(?= ?[,}])/g)].map(([, name]) => name))
  const taken = [...new Set([...members].map(([, first, called, spread]) => first ?? called ?? spread))]
  const statements = code.map((span) => {
    const complete = span.replaceAll('…', 'null!')
    return isOption(span) ? `({ ${complete} }) satisfies Options` : `void (${complete})`
  })
  const declared = [
    `const { ${taken.filter((name) => name !== 'session').join(', ')} } = ${names}`,
    ...[...given].map((name) => `declare const ${name}: any`),
  ]
  return {
    page,
    line,
    language: 'ts',
    code: [preamble.replaceAll(/\n *(?=import|declare|type )/g, '; '), ...declared, ...statements].join('; '),
  }
}
