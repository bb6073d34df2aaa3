import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Application, type ProjectReflection, TSConfigReader, type TypeDocOptions } from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'

const docs = resolve(import.meta.dirname, '..')
const packages = resolve(docs, '../packages')

const options: Partial<TypeDocOptions & PluginOptions> = {
  plugin: ['typedoc-plugin-markdown'],
  entryPoints: findDoors().map(({ path }) => path),
  tsconfig: join(import.meta.dirname, 'tsconfig.reference.json'),
  basePath: packages,
  out: join(docs, 'reference'),
  name: 'Reference',
  readme: 'none',
  router: 'module',
  flattenOutputFiles: true,
  excludeExternals: true,
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  githubPages: false,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  entryFileName: 'index',
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  useCodeBlocks: true,
  logLevel: 'Warn',
  validation: { notExported: false, invalidLink: true, notDocumented: false },
}

/** All that the doors export, with the application that has read it from their sources. */
export async function readReference(): Promise<{ application: Application; project: ProjectReflection }> {
  const application = await Application.bootstrapWithPlugins(options, [new TSConfigReader()])
  const project = await application.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the doors; what it says about them is above.')
  const specifiers = findDoors().map(({ specifier }) => specifier)
  // TypeDoc lists modules in the order of the entry points, and names them by their paths.
  for (const [index, module] of (project.children ?? []).entries()) module.name = specifiers[index] ?? module.name
  return { application, project }
}

/** The public doors: the source of each, and what it is imported by. */
function findDoors(): { path: string; specifier: string }[] {
  const names = readdirSync(packages).sort((one, other) => Number(other === 'core') - Number(one === 'core'))
  return names.flatMap((folder) => {
    const manifest = readFileSync(join(packages, folder, 'package.json'), 'utf8')
    const { name, exports } = JSON.parse(manifest) as { name: string; exports: Record<string, { types?: string }> }
    return Object.entries(exports).flatMap(([subpath, { types }]) =>
      types === undefined ? [] : { path: join(packages, folder, types), specifier: name + subpath.slice(1) },
    )
  })
}
