import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '../../scripts/run-command.ts'
import { createPackedConsumer, linkDependencies, type PackedConsumer } from '../packaging/packed-consumer.ts'

/** What the single-page app depends on besides the packages and what they bring. */
const dependencies = ['@statelyai/inspect', '@types/react', '@types/react-dom', '@xstate/react', 'react-dom', 'vite']

/**
 * A project outside of the workspace with the packages installed from their tarballs, and the single-page app of
 * `examples/browser-spa` in `app/`, compiled to JavaScript.
 * @throws if TypeScript has complaints, as it resolves for bundlers
 */
export function createPageConsumer(): PackedConsumer {
  const consumer = createPackedConsumer()
  const { folder } = consumer
  linkDependencies(folder, 'browser-store', ['idb-keyval'])
  linkDependencies(folder, '../examples/browser-spa', dependencies)
  cpSync(join(repositoryRoot, 'examples/browser-spa/page'), join(folder, 'page'), { recursive: true })
  const complaints = consumer.compile('typescript', {
    include: ['page/main.tsx'],
    compilerOptions: {
      strict: true,
      lib: ['ESNext', 'DOM', 'DOM.Iterable'],
      module: 'esnext',
      moduleResolution: 'bundler',
      jsx: 'react-jsx',
      noEmit: false,
      rewriteRelativeImportExtensions: true,
      rootDir: 'page',
      outDir: 'app',
    },
  })
  if (complaints !== '') throw new Error(complaints)
  return consumer
}

/** Adds a module to the project that takes names from the packages, and hands them on so that they stay. */
export function writeImports(
  folder: string,
  { file, imports }: { file: string; imports: Readonly<Record<string, string>> },
) {
  const lines = Object.entries(imports).map(([specifier, names]) => `export ${names} from '${specifier}'`)
  writeFileSync(join(folder, file), `${lines.join('\n')}\n`)
}

/** What .size-limit.ts says of an entry, by the beginning of its name: what it imports, as an app writes it. */
export async function readSizeLimit(name: string): Promise<{ imports: Record<string, string>; bytes: number }> {
  // Not above: it looks into what has been built.
  const { default: entries } = await import('../../.size-limit.ts')
  const found = entries.find((entry) => entry.name.startsWith(name))
  if (found === undefined || !('import' in found) || !('limit' in found))
    throw new Error(`There is no limit of ${name}`)
  const imports = Object.entries<string>(found.import ?? {}).map(([path, names]) => {
    const [, folder, door] = /packages\/([\w-]+)\/dist\/(.*)\.js$/.exec(path) ?? []
    if (folder === undefined) return ['ky', '{ default }']
    return [`@authchart/${folder}/${door}`.replace(/\/index$/, ''), names]
  })
  return { imports: Object.fromEntries(imports), bytes: Number.parseFloat(found.limit) * 1000 }
}
