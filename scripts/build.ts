/**
 * Builds the packages as they are published, from nothing: `pnpm build`.
 *
 * Declarations are made file by file. The code is made door by door, with all that doors share in one file: a program
 * that imports a door would else read many small ones, which takes Node longer than what is in them.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'
import { repositoryRoot, runCommand } from './run-command.ts'

const folders = readdirSync(join(repositoryRoot, 'packages')).map((name) => join(repositoryRoot, 'packages', name))
const core = join(repositoryRoot, 'packages/core')
/** What core depends on, with the file of its license. */
const dependencies = { xstate: 'LICENSE', oauth4webapi: 'LICENSE.md' }
for (const folder of folders) rmSync(join(folder, 'dist'), { recursive: true, force: true })
runCommand('tsc', ['--build', 'tsconfig.build.json'])
for (const folder of folders) await bundle(folder)
for (const dependency of Object.entries(dependencies)) await bundleDependency(dependency)
takeNodeModulesAsTheyAre(join(repositoryRoot, 'packages/node-store/dist'))

async function bundle(folder: string): Promise<void> {
  const { version } = readManifest(folder)
  const options = {
    define: { AUTHCHART_VERSION: JSON.stringify(version) },
    entryPoints: doorsOf(folder),
    outdir: join(folder, 'dist'),
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[hash]',
    format: 'esm',
    platform: 'neutral',
    // Node 22 has no `await using`.
    supported: { using: false },
    packages: 'external',
    tsconfig: join(folder, 'tsconfig.json'),
    sourcemap: true,
    // The sources are published beside it.
    sourcesContent: false,
    logLevel: 'warning',
    absWorkingDir: repositoryRoot,
  } satisfies BuildOptions
  const { metafile } = await build({ ...options, metafile: true, write: false })
  // Were there two such files, they would have the same name, and the build would fail.
  await build({
    ...options,
    chunkNames: 'chunks/shared',
    plugins: [shareInOneFile(folder, metafile), nameDependencies()],
  })
}

/** Lets every door import all that any two of them share: what the same doors import becomes one file. */
function shareInOneFile(folder: string, { outputs }: Metafile): Plugin {
  const chunks = Object.entries(outputs).filter(([path]) => path.includes('/chunks/') && path.endsWith('.js'))
  const shared = chunks.flatMap(([, { inputs }]) => Object.keys(inputs).map((path) => resolve(repositoryRoot, path)))
  const imports = shared.map((path) => `import ${JSON.stringify(path)}\n`).join('')
  const doors = doorsOf(folder)
  return {
    name: 'share-in-one-file',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^[./]/ }, ({ path, kind, resolveDir }) =>
        kind === 'import-statement' ? { path: resolve(resolveDir, path), sideEffects: true } : undefined,
      )
      onLoad({ filter: /\.ts$/ }, ({ path }) =>
        doors.includes(path) ? { contents: `${readFileSync(path, 'utf8')}\n${imports}`, loader: 'ts' } : undefined,
      )
    },
  }
}

/**
 * What core imports of a dependency it imports by a name of its own: the `imports` of its package.json lead to the
 * dependency itself, but in Node to one file of what is used, which Node reads in a third of the time. Bundlers for
 * pages must not see that file: an app may have the same dependency.
 */
function nameDependencies(): Plugin {
  return {
    name: 'name-dependencies',
    setup({ onResolve }) {
      onResolve({ filter: /^[a-z]/ }, ({ path }) =>
        path in dependencies ? { path: `#${path}`, external: true } : undefined,
      )
    },
  }
}

async function bundleDependency([name, licenseFile]: [string, string]): Promise<void> {
  const dist = join(core, 'dist')
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'))
  const imports = new RegExp(`^import \\{([^}]*)\\} from "#${name}";$`, 'gm')
  const used = files.flatMap((file) => [...readFileSync(join(dist, file), 'utf8').matchAll(imports)])
  const names = new Set(used.flatMap(([, list = '']) => list.split(',').map((each) => each.trim().split(' ')[0])))
  const license = readFileSync(join(core, 'node_modules', name, licenseFile), 'utf8')
  await build({
    stdin: { contents: `export { ${[...names].join(', ')} } from '${name}'`, resolveDir: core },
    outfile: join(dist, `chunks/${name}.js`),
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['module'],
    // Names stay, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: `/*! ${name}\n\n${license}*/` },
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
