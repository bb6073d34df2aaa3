import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import commonjsPlugin from '@rollup/plugin-commonjs'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { build as buildByEsbuild, transform } from 'esbuild'
import { type Plugin, rollup } from 'rollup'
import { build as buildByVite, type Rollup } from 'vite'
import { webpack } from 'webpack'

// Its types are those of a CommonJS module, which it is not when it is imported.
const commonjs = commonjsPlugin as unknown as typeof commonjsPlugin.default

/** What a bundler is given: everything is where the app is. */
export interface BundleInput {
  readonly folder: string
  /** A module of JavaScript, in the folder. */
  readonly entry: string
  /** Where its script goes, with the name of the entry. */
  readonly output: string
}

/** Bundles for production, as its documentation says for pages; returns the files that are in the bundle. */
export type Bundler = (input: BundleInput) => Promise<readonly string[]>

const define = { 'process.env.NODE_ENV': '"production"' }

const esbuild: Bundler = async ({ folder, entry, output }) => {
  const { metafile } = await buildByEsbuild({
    absWorkingDir: folder,
    entryPoints: [entry],
    outdir: output,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    define,
    metafile: true,
    logLevel: 'warning',
  })
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  )
  return used.map((path) => join(folder, path))
}

const vite: Bundler = async ({ folder, entry, output }) => {
  const result = (await buildByVite({
    configFile: false,
    root: folder,
    logLevel: 'warn',
    build: {
      target: 'es2022',
      outDir: output,
      modulePreload: false,
      rollupOptions: {
        input: join(folder, entry),
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: '[name].js' },
      },
    },
  })) as Rollup.RollupOutput
  return result.output.flatMap((chunk) => (chunk.type === 'chunk' ? renderedModules(chunk.modules) : []))
}

const byRollup: Bundler = async ({ folder, entry, output }) => {
  const bundle = await rollup({
    input: join(folder, entry),
    plugins: [nodeResolve({ browser: true }), commonjs(), productionOnly, minifyByEsbuild],
    onwarn(warning, warn) {
      if (!warning.id?.includes('node_modules')) warn(warning)
    },
  })
  const { output: chunks } = await bundle.write({ dir: output, format: 'es' })
  await bundle.close()
  return chunks.flatMap((chunk) => (chunk.type === 'chunk' ? renderedModules(chunk.modules) : []))
}

const productionOnly: Plugin = {
  name: 'production-only',
  transform: (code) => ({ code: code.replaceAll('process.env.NODE_ENV', '"production"'), map: null }),
}

const minifyByEsbuild: Plugin = {
  name: 'minify-by-esbuild',
  renderChunk: async (code) => (await transform(code, { minify: true, format: 'esm', target: 'es2022' })).code,
}

function renderedModules(modules: Readonly<Record<string, { readonly renderedLength: number }>>): string[] {
  return Object.entries(modules).flatMap(([path, { renderedLength }]) => (renderedLength > 0 ? [path] : []))
}

const byWebpack: Bundler = ({ folder, entry, output }) =>
  new Promise((resolve, reject) => {
    const name = entry.replace(/.*\/|\.js$/g, '')
    webpack(
      {
        mode: 'production',
        context: folder,
        entry: { [name]: `./${entry}` },
        target: ['web', 'es2022'],
        experiments: { outputModule: true },
        output: { path: output, filename: '[name].js', module: true, library: { type: 'module' } },
        performance: false,
      },
      (error, stats) => {
        const problems = stats?.compilation.errors ?? []
        if (error || problems.length > 0) return reject(error ?? new Error(problems.map(String).join('\n')))
        const { modules = [] } = stats?.toJson({ all: false, modules: true, nestedModules: true, ids: true }) ?? {}
        const all = modules.flatMap((each) => [each, ...(each.modules ?? [])])
        resolve(all.flatMap(({ nameForCondition }) => nameForCondition ?? []))
      },
    )
  })

/** The bundlers that apps are built with, by their names. */
export const bundlers: Readonly<Record<string, Bundler>> = { Vite: vite, webpack: byWebpack, esbuild, Rollup: byRollup }

/** Bundles, and returns what came of it: the files that are in it, and the text of all scripts. */
export async function bundle(bundler: Bundler, input: BundleInput) {
  const modules = await bundler(input)
  const scripts = readdirSync(input.output, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.js'),
  )
  return {
    modules: modules.filter((path) => path.startsWith('/')).map((path) => realpathSync(path.replace(/[?\0].*/, ''))),
    scripts: scripts.map((file) => readFileSync(join(input.output, file), 'utf8')),
  }
}
