import { join } from 'node:path/posix'
import { readModuleImports } from './module-imports.ts'

/** The text of each file of a package as published, by its path. */
export type Tarball = ReadonlyMap<string, string>

/** What is wrong with a package as it would be published, beyond what publint and attw see; one sentence each. */
export function findTarballFaults(tarball: Tarball): string[] {
  const { name } = JSON.parse(tarball.get('package.json') ?? '{}') as { name?: string }
  const faults = [
    ...findMissingFiles(tarball),
    ...findStrayFiles(tarball),
    ...findUnmatchedSources(tarball),
    ...findWorkspaceWords(tarball),
    ...findChartTypesInIndex(tarball),
  ]
  return faults.map((fault) => `${name ?? 'a package without a name'}: ${fault}`)
}

function findMissingFiles(tarball: Tarball): string[] {
  return ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts']
    .filter((file) => !tarball.has(file))
    .map((file) => `${file} is missing`)
}

function findStrayFiles(tarball: Tarball): string[] {
  // Sources are published, because the maps of the built files point to them; tests are not.
  const expected = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|src\/.*\.ts|dist\/.*\.(js|d\.ts)(\.map)?)$/
  return [...tarball.keys()]
    .filter((file) => !expected.test(file) || /\.test\./.test(file))
    .map((file) => `${file} does not belong there`)
}

function findUnmatchedSources(tarball: Tarball): string[] {
  const pathsOf = (pattern: RegExp) => [...tarball.keys()].flatMap((file) => pattern.exec(file)?.[1] ?? [])
  const sources = pathsOf(/^src\/(.*)\.ts$/)
  const declared = pathsOf(/^dist\/(.*)\.d\.ts$/)
  // A door is a source directly in src/; what doors share is in chunks.
  const doors = sources.filter((path) => !path.includes('/'))
  const built = pathsOf(/^dist\/(?!chunks\/)(.*)\.js$/)
  return [
    ...sources.filter((path) => !declared.includes(path)).map((path) => `src/${path}.ts is not declared`),
    ...declared.filter((path) => !sources.includes(path)).map((path) => `dist/${path}.d.ts has no source`),
    ...doors.filter((path) => !built.includes(path)).map((path) => `src/${path}.ts is not built`),
    ...built.filter((path) => !doors.includes(path)).map((path) => `dist/${path}.js has no source`),
  ]
}

/** What means something in this workspace only. */
function findWorkspaceWords(tarball: Tarball): string[] {
  const manifest = tarball.get('package.json') ?? ''
  return ['@authchart/source', 'workspace:', 'catalog:']
    .filter((word) => manifest.includes(word))
    .map((word) => `package.json says \`${word}\``)
}

/**
 * Whether the types of the index door lead to XState's.
 *
 * XState's declarations do not pass `exactOptionalPropertyTypes`, so whoever compiles without `skipLibCheck` could not
 * use a door that names them.
 */
function findChartTypesInIndex(tarball: Tarball): string[] {
  const waiting = ['dist/index.d.ts']
  const seen = new Set(waiting)
  const faults: string[] = []
  for (const file of waiting) {
    for (const { specifier } of readModuleImports(file, tarball.get(file) ?? '')) {
      if (/^xstate(\/|$)/.test(specifier)) faults.push(`the types of the index door reach xstate in ${file}`)
      if (!specifier.startsWith('.')) continue
      const target = join(file, '..', specifier).replace(/(\.d)?\.[jt]s$/, '.d.ts')
      if (!seen.has(target)) waiting.push(target)
      seen.add(target)
    }
  }
  return faults
}
