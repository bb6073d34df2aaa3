import { dirname, join } from 'node:path/posix'
import { readModuleImports } from '../../scripts/module-imports.ts'

/**
 * The folders of core, in the order in which imports run: a file imports from its own folder and from those further
 * down, never from one further up or beside it. `doors` are the files directly in `src/`.
 */
const layers: readonly (readonly string[])[] = [
  ['doors'],
  ['testing', 'inspection', 'mcp'],
  ['http'],
  ['session'],
  ['refresh'],
  ['store', 'policy'],
  ['token'],
  ['errors', 'clock'],
]

/** Files that may be imported beside what the layers say. */
const exceptions: readonly { from: string; to: string; because: string }[] = [
  { from: 'policy', to: 'store/session-record.ts', because: 'policy decides over records, and reads no store' },
  { from: 'oauth', to: 'policy/backoff.ts', because: 'a sign-in that polls reads `Retry-After` as a refresh does' },
  {
    from: 'oauth',
    to: 'policy/token-endpoint-words.ts',
    because: 'a word means the same at a sign-in and at a refresh',
  },
  { from: 'oauth', to: 'policy/quote-server.ts', because: 'what a server says is shown alike' },
]

/** Who may import which package. Any other package is refused. */
const packageImporters: Readonly<Record<string, RegExp>> = {
  oauth4webapi: /^oauth\//,
  ky: /^ky\.ts$/,
  react: /^react\.ts$/,
  xstate: /^(session\/|inspection\/|machine\.ts$)/,
}

/**
 * What a source of core imports though it must not, one sentence each.
 * @param file its path below `packages/core/src`, such as `policy/expiry.ts`
 */
export function findForbiddenImports(file: string, source: string): string[] {
  return readModuleImports(file, source).flatMap(({ specifier, exportsAll, line }) => {
    const problem = specifier.startsWith('.') ? judgeRelative(file, specifier) : judgePackage(file, specifier)
    const problems = problem === undefined ? [] : [problem]
    if (exportsAll) problems.push(`hides what it exports behind \`export *\` from \`${specifier}\``)
    return problems.map((text) => `${file}:${line} ${text}`)
  })
}

function judgeRelative(file: string, specifier: string): string | undefined {
  const target = join(dirname(file), specifier)
  if (target.startsWith('..')) return `leaves the package: \`${specifier}\``
  if (!target.endsWith('.ts')) return `does not end in .ts: \`${specifier}\``
  const [from, to] = [folderOf(file), folderOf(target)]
  if (to === 'doors') return `imports a door: \`${specifier}\``
  if (from === to || mayImport(file, from, to)) return undefined
  if (exceptions.some((entry) => entry.from === from && entry.to === target)) return undefined
  return `imports ${to}/ from ${from}: \`${specifier}\``
}

function mayImport(file: string, from: string, to: string): boolean {
  // A grant is handed to the session; nobody but its door knows where it comes from.
  if (to === 'oauth') return file === 'oauth.ts' || from === 'mcp'
  if (to === 'providers') return file === 'providers.ts'
  if (from === 'providers') return to === 'token' || to === 'errors'
  if (from === 'oauth') return to === 'token' || to === 'errors' || to === 'clock'
  // Time comes into a decision as an argument.
  if (from === 'policy' && to === 'clock') return false
  const [fromLayer, toLayer] = [layerOf(from), layerOf(to)]
  return fromLayer !== -1 && fromLayer < toLayer
}

function judgePackage(file: string, specifier: string): string | undefined {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  if (packageImporters[name]?.test(file)) return undefined
  return `imports the package \`${name}\``
}

function folderOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : 'doors'
}

function layerOf(folder: string): number {
  return layers.findIndex((layer) => layer.includes(folder))
}
