/**
 * Builds the packages as they are published, from nothing: `pnpm build`.
 *
 * Declarations are made file by file. The code is made door by door, with what doors share in chunks: a program that
 * imports a door would else read a hundred small files, which takes Node longer than all that is in them.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { repositoryRoot, runCommand } from './run-command.ts'

const folders = readdirSync(join(repositoryRoot, 'packages')).map((name) => join(repositoryRoot, 'packages', name))
for (const folder of folders) rmSync(join(folder, 'dist'), { recursive: true, force: true })
runCommand('tsc', ['--build', 'tsconfig.build.json'])
for (const folder of folders) await bundle(folder)
takeNodeModulesAsTheyAre(join(repositoryRoot, 'packages/node-store/dist'))

async function bundle(folder: string): Promise<void> {
  const { version } = readManifest(folder)
  await build({
    define: { AUTHCHART_VERSION: JSON.stringify(version) },
    entryPoints: doorsOf(folder),
    outdir: join(folder, 'dist'),
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[hash]',
    format: 'esm',
    platform: 'neutral',
    packages: 'external',
    tsconfig: join(folder, 'tsconfig.json'),
    sourcemap: true,
    // The sources are published beside it.
    sourcesContent: false,
    logLevel: 'warning',
  })
}

/**
 * Takes Node's own modules by `process.getBuiltinModule`: where one is imported, Node evaluates all that it exports, also
 * the parts that are else loaded at their first use. That is 6 of the 75 ms in which a program has a token from the keyring.
 */
function takeNodeModulesAsTheyAre(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.js'),
  )) {
    const path = join(folder, name)
    const code = readFileSync(path, 'utf8').replace(
      /^import (\{[^}]*\}) from ("node:[^"]+");$/gm,
      (_import, names: string, module: string) =>
        `const ${names.replaceAll(' as ', ': ')} = process.getBuiltinModule(${module});`,
    )
    writeFileSync(path, code)
  }
}

/** The sources of a package's public doors. */
function doorsOf(folder: string): string[] {
  return Object.values(readManifest(folder).exports).flatMap((door) =>
    typeof door === 'string' ? [] : join(folder, door['@authchart/source']),
  )
}

function readManifest(folder: string): {
  version: string
  exports: Record<string, string | { readonly '@authchart/source': string }>
} {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as ReturnType<typeof readManifest>
}
