import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The script of a test page, from source. */
export async function buildPageBundle(entry: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['@authchart/source'],
    // Named explicitly: what `import` finds in the packages would be what was built last.
    mainFields: ['module', 'main'],
    logLevel: 'error',
  })
  const [bundle] = outputFiles
  if (bundle === undefined) throw new Error('The page was bundled into nothing')
  return bundle.text
}
